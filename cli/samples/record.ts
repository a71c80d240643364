/**
 * Pictures that say how they were made, as files, and the checkpoint that they were made with.
 *
 * @module
 */
import { fileReason } from "../../src/files/errors.ts";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { identityOf, sha256 } from "../../src/model/identity.ts";
import { recordIn, type SampleRecord } from "../../src/picture/record.ts";
import { CommandError } from "../errors.ts";

/** @throws {CommandError} when there is no such file, or it carries no record */
export async function readRecord(path: string): Promise<SampleRecord> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (thrown) {
    throw new CommandError(`Cannot read ${path}: ${fileReason(thrown)}`);
  }
  const record = recordIn(bytes);
  if (record) return record;
  throw new CommandError(`Cannot repeat ${path}: it is no whole PNG made by rin sample`);
}

/**
 * The checkpoint of an identity beside a picture: in its folder, or the one above.
 *
 * @throws {CommandError} when there is none
 */
export async function findCheckpoint(folder: string, identity: string): Promise<string> {
  for (const place of [folder, `${folder}/..`]) {
    const names: string[] = [];
    try {
      for await (const { name } of Deno.readDir(place)) names.push(name);
    } catch {
      continue; // a folder that may not be read holds nothing for us
    }
    for (const name of names.filter((name) => name.endsWith(".safetensors")).sort()) {
      const path = `${place}/${name}`;
      if (await identityOfFile(await Deno.readFile(path)) === identity) return path;
    }
  }
  throw new CommandError(
    `There is no checkpoint with sha-256 ${
      identity.slice(0, 12)
    }... beside the picture: give --checkpoint`,
  );
}

async function identityOfFile(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = await sha256(bytes);
  try {
    return identityOf(hash, readCheckpoint(bytes).about);
  } catch {
    return hash; // whatever it is, it is no copy of a checkpoint
  }
}
