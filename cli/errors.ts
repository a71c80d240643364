/**
 * Errors of the command line, and the one sentence that each error becomes.
 *
 * @module
 */

/** The command was written wrongly; exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** A run or a command that can't go on; the message is for the person at the keyboard. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** The person pressed Ctrl-C while something long was going on. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

/** Errors of the library whose messages are written for people. */
const spoken = [
  "UsageError",
  "CommandError",
  "ConfigError",
  "CheckpointError",
  "DataError",
  "NoGpuError",
  "DeviceLimitError",
  "DeviceLostError",
];

/** What the system says when a file can't be read or written, in words. */
export function fileReason(thrown: unknown): string {
  const { code, message } = thrown as Error & { code?: string };
  if (code === "ENOSPC" || code === "EDQUOT") return "the disk is full; free some space";
  if (code === "EROFS") return "the file system is read-only; choose another place";
  if (code === "EFBIG") return "the file would be larger than the file system allows";
  if (thrown instanceof Deno.errors.NotFound) return "there is no such file or folder";
  if (thrown instanceof Deno.errors.PermissionDenied) {
    return "permission denied; choose another place or change the permissions";
  }
  if (thrown instanceof Deno.errors.NotCapable) return `Deno was not allowed to: ${message}`;
  if (thrown instanceof Deno.errors.IsADirectory) return "it is a folder, not a file";
  if (thrown instanceof Deno.errors.NotADirectory || code === "ENOTDIR") {
    return "a part of its path is a file, not a folder";
  }
  if (thrown instanceof Deno.errors.AlreadyExists) return "there is a file of that name already";
  return message;
}

/** The sentence and the exit code that an error ends the program with. */
export function explain(thrown: unknown): { sentence: string; code: number } {
  if (!(thrown instanceof Error)) return { sentence: String(thrown), code: 1 };
  if (thrown instanceof UsageError) return { sentence: thrown.message, code: 2 };
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
