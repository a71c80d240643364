/**
 * Writes a checkpoint for a user and protects existing files.
 *
 * @module
 */
import { writeFile } from "../../src/files/write_file.ts";
import { type Checkpoint, readCheckpoint } from "../../src/model/checkpoint.ts";
import type { Value } from "../options/options.ts";
import { hasContent, type Origin, refuseOverwrite } from "./overwrite.ts";

/**
 * Writes a checkpoint.
 *
 * @param isSame whether a checkpoint that rin wrote there before can be replaced by this one
 * @throws {CommandError} when the path holds something else, and `force` is not given
 */
export async function writeCheckpointFile(
  path: string,
  bytes: Uint8Array,
  force: Value | undefined,
  isSame: (found: Checkpoint) => boolean,
): Promise<void> {
  await refuseOverwrite(path, force, async () => {
    const there = await Deno.readFile(path);
    if (equal(there, bytes)) return "same";
    const found = read(there);
    if (found === undefined) return "foreign";
    // No other command can remake the checkpoint that a run resumes from.
    return found.training === undefined && isSame(found) ? "same" : "other" satisfies Origin;
  });
  // A run's checkpoints can be hard links to one file; this changes only one name.
  const isRun = await hasContent(path) && read(await Deno.readFile(path))?.training !== undefined;
  await writeFile(path, bytes, { names: isRun ? "one" : "all" });
}

function read(bytes: Uint8Array): Checkpoint | undefined {
  try {
    const text = new TextDecoder().decode(bytes.subarray(8, 8 + 2 ** 20));
    return /"format" *: *"rin"/.test(text) ? readCheckpoint(bytes) : undefined;
  } catch {
    return undefined;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
