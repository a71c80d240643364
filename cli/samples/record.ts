/**
 * Pictures with records, as files, and the checkpoints behind them.
 *
 * @module
 */
import { fileReason } from "../../src/files/errors.ts";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { identityOf, sha256 } from "../../src/model/identity.ts";
import { pngText } from "../../src/picture/png_text.ts";
import { recordIn, type SampleRecord } from "../../src/picture/record.ts";
import { CommandError } from "../errors.ts";
import { knownCheckpoint } from "./known_checkpoints.ts";

/** @throws {CommandError} when there is no such file, or it carries no record */
export async function readRecord(path: string): Promise<SampleRecord> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (thrown) {
    throw new CommandError(`Cannot read ${path}: ${fileReason(thrown)}`);
  }
  const record = recordIn(bytes);
  if (record?.attention !== undefined) {
    throw new CommandError(
      `Cannot repeat ${path}: it shows heat maps, which rin attention made and rin sample does not draw`,
    );
  }
  if (record) return record;
  throw new CommandError(`Cannot repeat ${path}: ${whyNoRecord(bytes)}`);
}

function whyNoRecord(bytes: Uint8Array): string {
  const isPng = bytes[0] === 0x89 && bytes[1] === 0x50;
  if (!isPng) return "it is not a PNG, and only PNGs record how rin sample made them";
  if (pngText(bytes) === undefined) return "it is a damaged or incomplete PNG";
  return "it has no record of its settings: rin sample did not make it, or another program " +
    "saved it without its text";
}

/** Default folder of runs. */
const RUNS = "runs";

/**
 * Finds the checkpoint of an identity: at its last known path; else in the picture's folder, the
 * one above, or a run in `runs`.
 *
 * @throws {CommandError} when there is none
 */
export async function findCheckpoint(folder: string, identity: string): Promise<string> {
  const known = await knownCheckpoint(identity);
  if (known !== undefined && await isCheckpoint(known, identity)) return known;
  for await (const path of candidates(folder)) {
    if (await isCheckpoint(path, identity)) return path;
  }
  const moved = known === undefined ? "" : `, nor in ${known}, where it was`;
  throw new CommandError(
    `There is no checkpoint with sha-256 ${
      identity.slice(0, 12)
    }... beside the picture or in ${RUNS}/${moved}: give --checkpoint`,
  );
}

/** Possible checkpoints, the likely ones first. */
async function* candidates(folder: string): AsyncGenerator<string> {
  const runs = (await entriesOf(RUNS)).filter(({ isFile }) => !isFile);
  const places = runs.flatMap(({ name }) => [`${RUNS}/${name}`, `${RUNS}/${name}/checkpoints`]);
  for (const place of [folder, `${folder}/..`, ...places]) {
    for (const { name } of await entriesOf(place)) {
      if (name.endsWith(".safetensors")) yield `${place}/${name}`;
    }
  }
}

/** A folder that Deno doesn't allow reading holds nothing for us. */
async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function isCheckpoint(path: string, identity: string): Promise<boolean> {
  const bytes = await Deno.readFile(path).catch(() => undefined);
  return bytes !== undefined && await identityOfFile(bytes) === identity;
}

async function identityOfFile(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = await sha256(bytes);
  try {
    return identityOf(hash, readCheckpoint(bytes).about);
  } catch {
    return hash; // whatever it is, it is no copy of a checkpoint
  }
}
