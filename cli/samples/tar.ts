/**
 * Writes images, or clips, into a tar archive as they are made.
 *
 * @module
 */
import { recordIn, recordOfOne, recordText } from "../../src/picture/record.ts";
import { CommandError } from "../errors.ts";
import { type TarEntry, TarWriter } from "../files/tar_writer.ts";
import { eachOf, kindOf } from "./each.ts";
import { type SampleJob, wanted } from "./job.ts";

/** Makes the missing images and returns a note on the archive. */
export async function writeTar(job: SampleJob): Promise<string> {
  const all = wanted(job);
  const { what, end, file } = kindOf(job.rin.config);
  const writer = await TarWriter.open(job.out, job.force);
  try {
    const done = await goOn(job, writer, all);
    if (done > 0) {
      job.note(`Continuing after ${done} of ${all.length} ${what} in ${job.out}.partial`);
    }
    if (done < all.length) {
      for await (const { index, example } of eachOf(job, all.slice(done))) {
        const record = recordOfOne(job.record, index, job.labels?.[index]);
        const text = recordText(record, job.rin.device.provenance);
        await writer.add({ name: nameOf(index) + end, bytes: file(example, text) });
        for (const entry of besides(job, index)) await writer.add(entry);
      }
    }
  } catch (thrown) {
    writer.close();
    throw thrown;
  }
  await writer.finish();
  return `${all.length} ${what}`;
}

const nameOf = (index: number) => String(index).padStart(6, "0");

/** The entry after an image: its class. */
function besides({ labels }: SampleJob, index: number): TarEntry[] {
  const label = labels?.[index];
  if (label === undefined) return [];
  return [{ name: `${nameOf(index)}.cls`, bytes: new TextEncoder().encode(String(label)) }];
}

/** Number of the images that are there, the last one's class written if it was cut off. */
async function goOn(job: SampleJob, writer: TarWriter, all: readonly number[]): Promise<number> {
  const { end } = kindOf(job.rin.config);
  let done = 0;
  let missing: TarEntry[] = [];
  for await (const { name, bytes } of writer.entries()) {
    const index = all[done];
    const next = missing.shift();
    const expected = next
      ? next.name === name && next.bytes.every((byte, i) => bytes[i] === byte)
      : name === nameOf(index) + end &&
        JSON.stringify(recordIn(bytes)) ===
          JSON.stringify(recordOfOne(job.record, index, job.labels?.[index]));
    if (!expected) {
      throw new CommandError(
        `${job.out}.partial was started with other settings: start over with --force, or choose ` +
          `another --out`,
      );
    }
    if (next) continue;
    missing = besides(job, index);
    done++;
  }
  for (const entry of missing) await writer.add(entry);
  return done;
}
