/**
 * What moves, as an animation or a filmstrip.
 *
 * @module
 */
import type { SampledBatch } from "../../src/diffusion/sample_options.ts";
import { writeFile } from "../../src/files/write_file.ts";
import { animatedGif } from "../../src/picture/animated_gif.ts";
import { animatedPng } from "../../src/picture/animated_png.ts";
import { byFrame, FRAME_MILLISECONDS } from "../../src/picture/clips.ts";
import { withGifComment } from "../../src/picture/gif_comment.ts";
import { gridPixels, gridPng, imagePng } from "../../src/picture/pictures.ts";
import { recordJson, recordText } from "../../src/picture/record.ts";
import { optionsFor, type SampleJob, wanted } from "./job.ts";

/**
 * Shows what comes one after the other, the frames of clips or the estimates of images: their grids in
 * turn, or in one picture a row for each clip or image and a column for each of its frames.
 */
export async function writeFilm(job: SampleJob): Promise<string> {
  const { rin: { config }, record, out } = job;
  const size = config.imageSize;
  const clips = config.frames > 1;
  const all = wanted(job);
  const film = clips
    ? byFrame(await job.rin.sample(optionsFor(job, all)), config)
    : await estimatesOf(job);
  const times = clips ? { milliseconds: FRAME_MILLISECONDS } : { milliseconds: 80, last: 1500 };
  const what = `${all.length} ${clips ? "clip" : "image"}${all.length === 1 ? "" : "s"}`;
  const written = `an animation of ${what} in ${film.length} frames`;
  if (/\.gif$/i.test(out)) {
    const gif = animatedGif(film.map((images) => gridPixels(images, size)), times);
    await writeFile(out, withGifComment(gif, recordJson(record, job.rin.device.provenance)));
    return written;
  }
  const text = recordText(record, job.rin.device.provenance);
  if (/\.apng$/i.test(out)) {
    const pictures = film.map((images) =>
      clips && all.length === 1 ? imagePng(images, 0, size, text) : gridPng(images, size, { text })
    );
    await writeFile(out, animatedPng(pictures, times));
    return written;
  }
  await writeFile(out, gridPng(strip(film, all.length), size, { columns: film.length, text }));
  return `a filmstrip of ${what} in ${film.length} columns`;
}

/** Estimates of x0 on the way, each of all images. */
async function estimatesOf(job: SampleJob): Promise<Float32Array[]> {
  const { rin, frames = 25 } = job;
  const all = wanted(job);
  const rowOf = new Map(all.map((index, row) => [index, row]));
  const each = 3 * rin.config.imageSize ** 2;
  const film: Float32Array[] = [];
  const place = ({ indices, images }: SampledBatch, frame: number) => {
    film[frame] ??= new Float32Array(all.length * each);
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
  return film;
}

/** All moments of the first image or clip, then those of the second, and so on. */
function strip(film: readonly Float32Array[], count: number): Float32Array {
  const each = film[0].length / count;
  const all = new Float32Array(film.length * film[0].length);
  film.forEach((images, column) => {
    for (let row = 0; row < count; row++) {
      const image = images.subarray(row * each, (row + 1) * each);
      all.set(image, (row * film.length + column) * each);
    }
  });
  return all;
}
