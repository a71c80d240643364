/**
 * Where images go as they are made: a grid, a filmstrip, an animation, a folder or an archive.
 *
 * @module
 */
import type { SampledBatch } from "../src/diffusion/sampling.ts";
import { animatedPng } from "../src/picture/animated_png.ts";
import { labelledGridPng } from "../src/picture/labelled_grid.ts";
import { gridPng, imageBytes, imagePng } from "../src/picture/pictures.ts";
import { recordOfOne, recordText } from "../src/picture/record.ts";
import { UsageError } from "./errors.ts";
import { NpzWriter } from "./npz_writer.ts";
import { optionsFor, type SampleJob, wanted } from "./sample_job.ts";
import { hasRecord } from "./sample_record.ts";
import { writeTar } from "./sample_tar.ts";
import { folderOf, makeFolder, writeFile } from "./write_file.ts";

/** Makes the images and writes them; says what was written. */
export async function writeSamples(job: SampleJob): Promise<string> {
  const { out, frames } = job;
  if (/\.(jpe?g|gif|webp|bmp|tiff?|avif|npy|zip|t?gz|mp4|webm)$/i.test(out)) {
    throw new UsageError(
      `Cannot write ${out}: --out is a .png, .apng, .npz or .tar file, or a folder of PNGs`,
    );
  }
  await makeFolder(/\.(png|apng|npz|tar)$/i.test(out) ? folderOf(out) : out);
  if (/\.apng$/i.test(out)) return await writeFilm(job, true);
  if (/\.png$/i.test(out)) return frames ? await writeFilm(job, false) : await writeGrid(job);
  if (frames) throw new UsageError("--frames needs an --out that ends in .png or .apng");
  if (/\.npz$/i.test(out)) return await writeNpz(job);
  return /\.tar$/i.test(out) ? await writeTar(job) : await writeFolder(job);
}

async function writeGrid(job: SampleJob): Promise<string> {
  const { rin, record, caption, out } = job;
  const size = rin.config.imageSize;
  const all = wanted(job);
  const images = await rin.sample(optionsFor(job, all));
  const text = recordText(record);
  if (all.length === 1) {
    await writeFile(out, imagePng(images, 0, size, text));
    return "an image";
  }
  const words = caption && all.map((index) => caption.words[index]);
  await writeFile(
    out,
    words
      ? labelledGridPng(images, size, words, { columns: caption.columns, text })
      : gridPng(images, size, { text }),
  );
  return `a grid of ${all.length} images`;
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
