/**
 * Sequences, as an animation or a filmstrip.
 *
 * @module
 */
import type { SampledBatch } from "../../src/diffusion/sample_options.ts";
import { USUAL_FRAMES } from "../../src/diffusion/usual_sampling.ts";
import { writeFile } from "../../src/files/write_file.ts";
import { pictureSize } from "../../src/model/example.ts";
import { byFrame } from "../../src/picture/clips.ts";
import { type Film, filmGif, filmPng, filmstripPng } from "../../src/picture/film.ts";
import { recordJson, recordText } from "../../src/picture/record.ts";
import { optionsFor, type SampleJob, wanted } from "./job.ts";

/**
 * Writes the frames of clips or the estimates of images: their grids in turn, or one picture with a
 * row for each clip or image and a column for each of its frames.
 */
export async function writeFilm(job: SampleJob): Promise<string> {
  const { rin: { config, device }, record, out } = job;
  const clips = config.frames > 1;
  const all = wanted(job);
  const moments = clips
    ? byFrame(await job.rin.sample(optionsFor(job, all)), config)
    : await estimatesOf(job);
  const film: Film = { moments, picture: config, count: all.length, clips };
  const what = `${all.length} ${clips ? "clip" : "image"}${all.length === 1 ? "" : "s"}`;
  const written = `an animation of ${what} in ${moments.length} frames`;
  if (/\.gif$/i.test(out)) {
    await writeFile(out, filmGif(film, recordJson(record, device.provenance)));
    return written;
  }
  const text = recordText(record, device.provenance);
  if (/\.apng$/i.test(out)) {
    await writeFile(out, filmPng(film, text));
    return written;
  }
  await writeFile(out, filmstripPng(film, text));
  return `a filmstrip of ${what} in ${moments.length} columns`;
}

/** Estimates of x0 on the way, each of all images. */
async function estimatesOf(job: SampleJob): Promise<Float32Array[]> {
  const { rin, frames = USUAL_FRAMES } = job;
  const all = wanted(job);
  const rowOf = new Map(all.map((index, row) => [index, row]));
  const each = pictureSize(rin.config);
  const film: Float32Array[] = [];
  const place = ({ indices, images }: SampledBatch, frame: number) => {
    film[frame] ??= new Float32Array(all.length * each);
    indices.forEach((index, k) =>
      film[frame].set(images.subarray(k * each, (k + 1) * each), rowOf.get(index)! * each)
    );
  };
  let [batch, frame] = [-1, 0];
  const images = await rin.sample({
    ...optionsFor(job, all),
    estimates: frames,
    onEstimate: (estimate) => {
      frame = estimate.indices[0] === batch ? frame + 1 : 0;
      batch = estimate.indices[0];
      place(estimate, frame);
    },
  });
  // A picture that is kept whole takes no step and shows no estimate.
  return film.length > 0 ? film : [images];
}
