/**
 * Checkpoints as files: found in run folders, and read with their path in every error.
 *
 * @module
 */
import { FileError } from "../files/errors.ts";
import { type Checkpoint, readCheckpoint } from "../model/checkpoint.ts";
import { ConfigError, type RinConfig } from "../model/config.ts";
import { shardOf, whatIsIt } from "../model/foreign_file.ts";
import { CheckpointError } from "../model/safetensors.ts";

/** The checkpoint that a run resumes from. */
export const LAST = "last.safetensors";

/** The checkpoint with the lowest validation loss. */
export const BEST = "best.safetensors";

/** Folder of checkpoints that are kept for good. */
export const KEPT = "checkpoints";

/** A checkpoint with its file. */
export interface CheckpointFile {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly checkpoint: Checkpoint;
}

/**
 * Reads a checkpoint, or the last one of a run folder.
 *
 * @param config the network's sizes, where the file doesn't give them
 * @throws {FileError} when there is no such file
 * @throws {CheckpointError} when it isn't a checkpoint, or not one of that network
 */
export async function openCheckpoint(
  given: string,
  config?: Partial<RinConfig>,
): Promise<CheckpointFile> {
  const path = await inRunFolder(given);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await Deno.readFile(path);
  } catch (thrown) {
    const hint = path === given ? "" : "; the run saved no checkpoint, or it is not a run's folder";
    throw new FileError(`Cannot read checkpoint ${path}`, thrown, hint);
  }
  try {
    return { path, bytes, checkpoint: readCheckpoint(bytes, config) };
  } catch (thrown) {
    if (thrown instanceof CheckpointError || thrown instanceof ConfigError) {
      const what = shardOf(path) ?? whatIsIt(bytes, thrown.message);
      throw new CheckpointError(`Cannot use checkpoint ${path}: ${what}${await wholeBeside(path)}`);
    }
    throw thrown;
  }
}

/**
 * Names a replacement for a run's last checkpoint that is cut or broken: its best, or the newest
 * kept.
 */
async function wholeBeside(path: string): Promise<string> {
  if (!/(^|[/\\])last\.safetensors$/.test(path)) return "";
  const folder = path.slice(0, -LAST.length);
  const kept: string[] = [];
  try {
    for await (const { name } of Deno.readDir(`${folder}${KEPT}`)) kept.push(`${KEPT}/${name}`);
  } catch {
    // None were kept.
  }
  for (const name of [BEST, ...kept.sort().reverse()]) {
    try {
      readCheckpoint(await Deno.readFile(folder + name));
    } catch {
      continue; // that one is not there, or broken, too
    }
    return `; ${folder}${name} is whole: use that (to resume from it, copy it over ${LAST})`;
  }
  return "";
}

async function inRunFolder(given: string): Promise<string> {
  const info = await Deno.stat(given).catch(() => undefined);
  return info?.isDirectory ? `${given.replace(/[/\\]+$/, "")}/${LAST}` : given;
}

/** The name of a file's network for people: its run's name, or its own. */
export function networkName(path: string): string {
  const parts = path.split(/[/\\]/).filter((part) => part !== "" && part !== ".");
  const file = parts.pop() ?? "";
  const own = file.replace(/\.safetensors$/i, "");
  return file === LAST || file === BEST ? parts.pop() ?? own : own;
}
