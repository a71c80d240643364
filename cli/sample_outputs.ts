/**
 * Where images go as they are made: a grid, a filmstrip, an animation, a folder or a NumPy archive.
 *
 * @module
 */
import type { Rin } from "../src/diffusion/rin.ts";
import type { SampledBatch, SampleOptions } from "../src/diffusion/sampling.ts";
import { animatedPng } from "../src/picture/animated_png.ts";
import { gridPng, imageBytes, imagePng } from "../src/picture/pictures.ts";
import { recordOfOne, recordText, type SampleRecord } from "../src/picture/record.ts";
import { UsageError } from "./errors.ts";
import { NpzWriter } from "./npz_writer.ts";
import { hasRecord } from "./sample_record.ts";
import { folderOf, makeFolder, writeFile } from "./write_file.ts";

/** What is made, and where it goes. */
export interface SampleJob {
  readonly rin: Rin;
  readonly options: SampleOptions & { readonly count: number };
  readonly record: SampleRecord;
  /** Classes of the images 0 to count - 1. */
  readonly labels?: readonly number[];
  readonly out: string;
  /** Estimates of x0 that a filmstrip or an animation shows. */
  readonly frames?: number;
  /** Where images are skipped that are there already. */
  readonly note: (text: string) => void;
}

/** Makes the images and writes them; says what was written. */
export async function writeSamples(job: SampleJob): Promise<string> {
  const { out, frames } = job;
  await makeFolder(/\.\w+$/.test(out) ? folderOf(out) : out);
  if (/\.apng$/i.test(out)) return await writeFilm(job, true);
  if (/\.png$/i.test(out)) return frames ? await writeFilm(job, false) : await writeGrid(job);
  if (frames) throw new UsageError("--frames needs an --out that ends in .png or .apng");
  return /\.npz$/i.test(out) ? await writeNpz(job) : await writeFolder(job);
}

/** The numbers of the images that are asked for. */
function wanted({ options: { count, indices } }: SampleJob): readonly number[] {
  return indices ?? Array.from({ length: count }, (_, i) => i);
}

/** The options for some of the images. */
function optionsFor({ options, labels }: SampleJob, indices: readonly number[]): SampleOptions {
  return { ...options, indices, labels: labels && indices.map((index) => labels[index]) };
}

async function writeGrid(job: SampleJob): Promise<string> {
  const { rin, record, out } = job;
  const size = rin.config.imageSize;
  const images = await rin.sample(optionsFor(job, wanted(job)));
  const [text, count] = [recordText(record), images.length / (3 * size ** 2)];
  const one = count === 1;
  await writeFile(out, one ? imagePng(images, 0, size, text) : gridPng(images, size, { text }));
  return one ? "an image" : `a grid of ${count} images`;
}

/** A row for each image and a column for each estimate; or the grid of each estimate in turn. */
async function writeFilm(job: SampleJob, animated: boolean): Promise<string> {
  const { rin, record, out, frames = 25 } = job;
  const all = wanted(job);
  const count = all.length;
  const rowOf = new Map(all.map((index, row) => [index, row]));
  const size = rin.config.imageSize;
  const each = 3 * size ** 2;
  const film: Float32Array[] = [];
  const place = ({ indices, images }: SampledBatch, frame: number) => {
    film[frame] ??= new Float32Array(count * each);
    indices.forEach((index, k) =>
      film[frame].set(images.subarray(k * each, (k + 1) * each), rowOf.get(index)! * each)
    );
  };
  let [batch, frame] = [-1, 0];
  await rin.sample({
    ...optionsFor(job, all),
    estimates: frames,
    onEstimate: (estimate) => {
      frame = estimate.indices[0] === batch ? frame + 1 : 0;
      batch = estimate.indices[0];
      place(estimate, frame);
    },
  });
  const text = recordText(record);
  if (animated) {
    const pictures = film.map((images) => gridPng(images, size, { text }));
    await writeFile(out, animatedPng(pictures, { milliseconds: 80, last: 1500 }));
    return `an animation of ${count} images in ${film.length} frames`;
  }
  const strip = new Float32Array(film.length * count * each);
  film.forEach((images, column) => {
    for (let row = 0; row < count; row++) {
      const image = images.subarray(row * each, (row + 1) * each);
      strip.set(image, (row * film.length + column) * each);
    }
  });
  await writeFile(out, gridPng(strip, size, { columns: film.length, text }));
  return `a filmstrip of ${count} images in ${film.length} columns`;
}

/** Numbered PNGs; those that are there, whole and of the same settings are left. */
async function writeFolder(job: SampleJob): Promise<string> {
  const { rin, record, out, note } = job;
  const folder = out.replace(/(?<=.)[/\\]+$/, "");
  const recordOf = (index: number) => recordOfOne(record, index, job.labels?.[index]);
  const pathOf = (index: number) => `${folder}/${String(index).padStart(6, "0")}.png`;
  const indices: number[] = [];
  const all = wanted(job);
  for (const i of all) {
    if (!await hasRecord(pathOf(i), recordOf(i))) indices.push(i);
  }
  const there = all.length - indices.length;
  if (there > 0) note(`${there} of ${all.length} images are there already`);
  if (indices.length === 0) return "nothing new";
  for await (const batch of rin.samples(optionsFor(job, indices))) {
    for (const [k, index] of batch.indices.entries()) {
      const text = recordText(recordOf(index));
      await writeFile(pathOf(index), imagePng(batch.images, k, rin.config.imageSize, text));
    }
  }
  return `${indices.length} images`;
}

async function writeNpz(job: SampleJob): Promise<string> {
  const { rin, options: { count }, labels, record, out, note } = job;
  const { imageSize } = rin.config;
  const writer = await NpzWriter.open(out, count, imageSize, JSON.stringify(record));
  if (writer.done > 0) note(`Going on after ${writer.done} of ${count} images in ${out}.partial`);
  const indices = Array.from({ length: count - writer.done }, (_, i) => writer.done + i);
  try {
    if (indices.length > 0) {
      for await (const batch of rin.samples(optionsFor(job, indices))) {
        for (const k of batch.indices.keys()) {
          await writer.add(imageBytes(batch.images, k, imageSize));
        }
      }
    }
  } catch (thrown) {
    writer.close();
    throw thrown;
  }
  await writer.finish(labels);
  return `${count} images`;
}
