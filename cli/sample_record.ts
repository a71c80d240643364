/**
 * What a picture was made with, as the JSON that it carries in its text chunk `rin`.
 *
 * @module
 */
import { pngText } from "../src/picture/animated_png.ts";
import { CommandError, fileReason } from "./errors.ts";
import type { Value } from "./options.ts";

/** Flags that decide what a picture shows, by key; `checkpoint` and `image` as sha-256. */
export type SampleRecord = Readonly<Record<string, Value>>;

const KEYWORD = "rin";

/** Options by key that a record takes over; the others are where and how fast. */
export const RECORDED = [
  "count",
  "steps",
  "sampler",
  "times",
  "eta",
  "variance",
  "clip",
  "warmStart",
  "seed",
  "class",
  "guidance",
  "interpolate",
  "strength",
  "frames",
] as const;

/** The text of a PNG. */
export function recordText(record: SampleRecord): Record<string, string> {
  return { Software: "rin", [KEYWORD]: JSON.stringify(record) };
}

/** Whether a file is a whole PNG with that record. */
export async function hasRecord(path: string, record: SampleRecord): Promise<boolean> {
  const bytes = await Deno.readFile(path).catch(() => undefined);
  return bytes !== undefined && pngText(bytes)?.[KEYWORD] === JSON.stringify(record);
}

/** @throws {CommandError} when there is no such file, or it carries no record */
export async function readRecord(path: string): Promise<SampleRecord> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (thrown) {
    throw new CommandError(`Cannot read ${path}: ${fileReason(thrown)}`);
  }
  const text = pngText(bytes)?.[KEYWORD];
  try {
    const record: unknown = JSON.parse(text ?? "");
    if (typeof (record as SampleRecord).checkpoint === "string") return record as SampleRecord;
  } catch {
    // Falls through to the one sentence.
  }
  throw new CommandError(`Cannot repeat ${path}: it is no whole PNG made by rin sample`);
}

/** sha-256 in hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/**
 * The checkpoint of a hash beside a picture: in its folder, or the one above.
 *
 * @throws {CommandError} when there is none
 */
export async function findCheckpoint(folder: string, hash: string): Promise<string> {
  for (const place of [folder, `${folder}/..`]) {
    const names: string[] = [];
    try {
      for await (const { name } of Deno.readDir(place)) names.push(name);
    } catch {
      continue; // a folder that may not be read holds nothing for us
    }
    for (const name of names.filter((name) => name.endsWith(".safetensors")).sort()) {
      const path = `${place}/${name}`;
      if (await sha256(await Deno.readFile(path)) === hash) return path;
    }
  }
  throw new CommandError(
    `There is no checkpoint with sha-256 ${
      hash.slice(0, 12)
    }... beside the picture: give --checkpoint`,
  );
}
