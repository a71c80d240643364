/**
 * The files of shares.
 *
 * @module
 */
import { fileReason } from "../../src/files/errors.ts";
import { FormatError } from "../../src/formats/format_error.ts";
import { CommandError } from "../errors.ts";
import { shardInName } from "./shard.ts";

/**
 * Reads a share's file.
 *
 * @param doing what it is read for
 * @throws {CommandError} when it can't be read, or is none
 */
export async function readShare<T>(
  path: string,
  read: () => T | Promise<T>,
  doing = "merge",
): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    const reason = thrown instanceof FormatError || thrown instanceof CommandError
      ? thrown.message
      : fileReason(thrown);
    throw new CommandError(`Cannot ${doing} ${path}: ${reason}`);
  }
}

/**
 * Checks that none of the shares is missing that the names of files count.
 *
 * @throws {CommandError} naming those that are
 */
export function expectAllShares(paths: readonly string[]): void {
  const shares = paths.flatMap((path) => shardInName(path) ?? []);
  if (shares.length !== paths.length) return;
  const { count } = shares[0];
  if (shares.some((share) => share.count !== count)) {
    throw new CommandError("These are shares of different cuts: merge those of one N");
  }
  const missing = Array.from({ length: count }, (_, i) => i)
    .filter((i) => !shares.some(({ index }) => index === i));
  if (missing.length === 0) return;
  throw new CommandError(
    `${missing.length} of ${count} shares are missing: ${
      missing.slice(0, 5).map((index) => `${index}/${count}`).join(", ")
    }${missing.length > 5 ? ", ..." : ""}`,
  );
}
