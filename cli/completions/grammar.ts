/**
 * The grammar of the command line, as every shell's script needs it.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { flagOf } from "../options/flag_name.ts";
import type { Option } from "../options/options.ts";

/** Words that can follow a flag. */
export type Following =
  | { readonly kind: "nothing" }
  | { readonly kind: "file" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  /** A number or a text without suggestions. */
  | { readonly kind: "free" };

/** A flag of a command. */
export interface Flag {
  readonly flag: string;
  readonly help: string;
  readonly following: Following;
}

/** A command with its flags; `argument` is its positional argument. */
export interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  readonly argument: Following;
}

/** The commands as completion sees them. */
export function grammar(commands: Readonly<Record<string, Command>>): Entry[] {
  return Object.entries(commands).map(([name, { summary, usage, groups, words }]) => ({
    name,
    summary,
    flags: [
      ...groups.flatMap(({ options }) => options).map((option) => ({
        flag: flagOf(option.key),
        help: option.help,
        following: followingOf(option),
      })),
      { flag: "--help", help: "show its options", following: { kind: "nothing" } },
    ],
    argument: words
      ? { kind: "words", words }
      // Such as `rin info CHECKPOINT [options]`.
      : { kind: /[A-Z]{3}/.test(usage.replace(/--\S+ \w+/g, "")) ? "file" : "nothing" },
  }));
}

function followingOf({ type, value }: Option): Following {
  if (typeof type !== "string") return { kind: "words", words: type };
  if (type === "boolean") return { kind: "nothing" };
  return { kind: /^(FILE|DIR|PATH|SOURCE)$/.test(value ?? "") ? "file" : "free" };
}
