/**
 * Why a file can't be read or written, in words.
 *
 * @module
 */

/** A file or folder that can't be read, written, or removed. The message says which one and why. */
export class FileError extends Error {
  /** Tells errors apart by name. */
  override name = "FileError";

  /**
   * Names the failure and its reason.
   *
   * @param attempt the failed action, such as "Cannot write runs/faces/last.safetensors"
   * @param cause the system's error
   * @param hint the rest of the message, with its punctuation
   */
  constructor(attempt: string, cause: unknown, hint = "") {
    super(`${attempt}: ${fileReason(cause)}${hint}`, { cause });
  }
}

/** The system's reason why a file can't be read or written, in words. */
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
