/**
 * The shape of a command.
 *
 * @module
 */
import { variable } from "./environment.ts";
import { UsageError } from "./errors.ts";
import { quoted } from "./shell_words.ts";
import type { OptionGroup } from "./help.ts";
import type { Given } from "./options/options.ts";

/** One of `rin`'s commands. */
export interface Command {
  /** Its call, such as `rin info CHECKPOINT [options]`. */
  readonly usage: string;
  /** A few words for the list of commands. */
  readonly summary: string;
  /** Description for its own help. */
  readonly about: string;
  readonly groups: readonly OptionGroup[];
  readonly examples: readonly string[];
  /** Values of its argument, where it takes one of a few words. */
  readonly words?: readonly string[];
  /** Runs it; returns the exit code. */
  readonly run: (given: Given) => Promise<number>;
}

/** The program's name in commands to copy: `./run` sets it to itself. */
export function programName(): string {
  return quoted(variable("RIN_COMMAND") ?? "rin");
}

/** @throws {UsageError} when there are arguments that are no options */
export function expectNoRest({ rest }: Given): void {
  if (rest.length > 0) {
    throw new UsageError(`Unknown argument "${rest[0]}": options begin with --`);
  }
}
