/**
 * The script for fish.
 *
 * @module
 */
import type { Entry, Following } from "./grammar.ts";

/** For `rin completions fish | source`. */
export function fishScript(entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ name, summary, flags, argument }) => {
    const within = `complete -c rin -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c rin -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
      ...argument.kind === "nothing" ? [] : [`${within}${values(argument, "")}`],
      ...flags.map(({ flag, help, following }) =>
        `${within} -l ${flag.slice(2)}${values(following, " -x")} -d ${quoted(help)}`
      ),
    ];
  });
  return ["# fish completion for rin", "complete -c rin -f", ...lines].join("\n");
}

/** Values to offer; `required` marks a flag that needs a value. */
function values(following: Following, required: string): string {
  if (following.kind === "nothing") return "";
  if (following.kind === "file") return required ? " -r -F" : " -F";
  return required + (following.kind === "words" ? ` -a ${quoted(following.words.join(" "))}` : "");
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
