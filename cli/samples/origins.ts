/**
 * Origins of files that samples would overwrite.
 *
 * @module
 */
import { mayRead } from "../../src/files/target.ts";
import { gifComment } from "../../src/picture/gif_comment.ts";
import { pngText } from "../../src/picture/png_text.ts";
import { recordFrom, recordIn, recordOfOne, type SampleRecord } from "../../src/picture/record.ts";
import { CommandError } from "../errors.ts";
import { hasContent, type Origin } from "../files/overwrite.ts";
import { type SampleJob, wanted } from "./job.ts";

/** Origin of a grid, a picture, or an animation. */
export async function pictureOrigin(path: string, record: SampleRecord): Promise<Origin> {
  const bytes = await Deno.readFile(path);
  const comment = gifComment(bytes);
  return compare(comment === undefined ? recordIn(bytes) : recordFrom(comment), record);
}

/** Origin of one of many pictures; it can be the beginning of a PNG that a stop left. */
export async function numberedOrigin(
  path: string,
  record: SampleRecord,
): Promise<Origin | "none" | "cut"> {
  if (!await hasContent(path)) return "none";
  const bytes = await Deno.readFile(path);
  if (bytes[0] === 0x89 && pngText(bytes) === undefined) return "cut";
  return compare(recordIn(bytes), record);
}

/** The name of a picture in a folder that isn't from rin; undefined where there is none. */
async function foreignPicture(folder: string): Promise<string | undefined> {
  if (!await mayRead(folder)) return undefined;
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  for (const { name } of entries) {
    if (/^\d{6,}\.a?png$/.test(name) || !/\.(a?png|jpe?g|gif|webp)$/i.test(name)) continue;
    const bytes = await Deno.readFile(`${folder}/${name}`).catch(() => new Uint8Array());
    if (recordIn(bytes) === undefined && gifComment(bytes) === undefined) return name;
  }
}

/** @throws {CommandError} when samples would mix with pictures to train on */
export async function expectNoData(folder: string): Promise<void> {
  const name = await foreignPicture(folder);
  if (name === undefined) return;
  throw new CommandError(
    `Cannot write samples into ${folder}: it holds pictures that rin did not make, such as ${name}; ` +
      `choose another --out, or mix them with --force`,
  );
}

/** Origin of a NumPy archive, whose first entry records its settings. */
export async function npzOrigin(path: string, note: string): Promise<Origin> {
  const head = await readAt(path, 0, 2 ** 16);
  const view = new DataView(head.buffer);
  if (head.length < 38 || view.getUint32(0, true) !== 0x04034b50) return "foreign";
  const text = new TextDecoder().decode(head.subarray(30, 38 + view.getUint32(18, true)));
  if (!text.startsWith("rin.json{")) return "foreign";
  return text === `rin.json${note}` ? "same" : "other";
}

/** Origin of a tar archive: the same where its pictures are the first of those requested. */
export async function tarOrigin(job: SampleJob): Promise<Origin> {
  const all = wanted(job);
  const block = 512;
  let count = 0;
  for (let at = 0;;) {
    const header = await readAt(job.out, at, block);
    const text = new TextDecoder().decode(header);
    if (header.length < block || header[0] === 0) return count === 0 ? "foreign" : "same";
    const size = parseInt(text.slice(124, 136), 8);
    if (!text.startsWith("ustar", 257) || !(size >= 0)) return "foreign";
    if (/^\d{6,}\.a?png\0/.test(text)) {
      const record = recordIn(await readAt(job.out, at + block, size));
      if (record === undefined) return "foreign";
      const index = all[count++];
      if (index === undefined) return "other";
      const wanted = recordOfOne(job.record, index, job.labels?.[index]);
      if (compare(record, wanted) !== "same") return "other";
    } else if (!/^\d{6,}\.cls\0/.test(text)) return "foreign";
    at += block + Math.ceil(size / block) * block;
  }
}

function compare(found: SampleRecord | undefined, wanted: SampleRecord): Origin {
  if (found === undefined) return "foreign";
  return JSON.stringify(found) === JSON.stringify(wanted) ? "same" : "other";
}

/** So many bytes of a file, fewer at its end. */
async function readAt(path: string, at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  await file.seek(at, Deno.SeekMode.Start);
  const bytes = new Uint8Array(Math.min(length, Math.max(0, (await file.stat()).size - at)));
  let read = 0;
  while (read < bytes.length) {
    const n = await file.read(bytes.subarray(read));
    if (n === null) break;
    read += n;
  }
  return bytes.slice(0, read);
}
