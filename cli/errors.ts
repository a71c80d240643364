/**
 * Errors of the command line, and the one sentence that each error becomes.
 *
 * @module
 */
import { fileReason } from "../src/files/errors.ts";
import { RepeatedLossError, RunError } from "../src/run/errors.ts";
import { flagNamer } from "./options/flag_name.ts";

/** The command was written wrongly; exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** A command can't continue; the message is for the person at the keyboard. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** The person pressed Ctrl-C while something long was going on. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

/** Errors of the library with messages for people. */
const spoken = [
  "UsageError",
  "CommandError",
  "ConfigError",
  "CheckpointError",
  "DataError",
  "FileError",
  "SamplingError",
  "NoCpuError",
  "NoGpuError",
  "DeviceLimitError",
  "DeviceLostError",
  "MpiError",
];

/** The sentence and the exit code that an error ends the program with. */
export function explain(thrown: unknown): { sentence: string; code: number } {
  if (!(thrown instanceof Error)) return { sentence: String(thrown), code: 1 };
  if (thrown instanceof UsageError) return { sentence: thrown.message, code: 2 };
  if (thrown instanceof RunError || thrown instanceof RepeatedLossError) {
    return { sentence: thrown.sentence(flagNamer), code: 1 };
  }
  if (spoken.includes(thrown.name)) return { sentence: thrown.message, code: 1 };
  if (/allocation failed|invalid (typed )?array (buffer )?length/i.test(thrown.message)) {
    return {
      sentence: "There is not enough memory for this: use a smaller model or batch.",
      code: 1,
    };
  }
  if (thrown instanceof RangeError) return { sentence: thrown.message, code: 1 };
  if ("code" in thrown || Object.values(Deno.errors).some((kind) => thrown instanceof kind)) {
    return { sentence: `${fileReason(thrown)} (${thrown.message})`, code: 1 };
  }
  return {
    sentence: `Something unexpected went wrong: ${thrown.message} (RIN_DEBUG=1 shows where)`,
    code: 1,
  };
}
