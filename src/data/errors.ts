/**
 * The one error class of the data floor.
 * @module
 */

/**
 * A data source can't be used as asked. The message is one sentence for the person at the keyboard:
 * the request, the problem, and the remedy. Commands print it without a stack trace.
 *
 * @example
 * ```ts
 * throw new DataError("Cannot read pictures: there is no folder at ./faces; check the path");
 * ```
 */
export class DataError extends Error {
  /** Always "DataError". */
  override readonly name = "DataError";
}

/** The message of anything that was thrown, on one line. */
export function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.replace(/\s+/g, " ").trim();
}
