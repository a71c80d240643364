/**
 * How a network continues clips that it did not train on, as a picture and as errors:
 *
 *     deno run -A bench/futures.ts CHECKPOINT DATA OUT.png
 *
 * The picture has three held-out clips, each with a row for the clip itself and two for futures that
 * the network draws. A gap separates the frames given from those drawn. The errors are means of
 * squares over the frames drawn of at most 64 held-out clips, in [-1, 1].
 *
 * @module
 */
import { encode } from "fast-png";
import { requestCpu, Rin } from "../mod.ts";
import { loadSplits } from "../src/data/dataset.ts";
import { contextOf } from "../src/diffusion/context.ts";
import { USUAL_SAMPLING } from "../src/diffusion/usual_sampling.ts";
import { exampleSize, pictureSize } from "../src/model/example.ts";
import { sidesOf, sizeOf } from "../src/model/image_size.ts";
import { byFrame } from "../src/picture/clips.ts";
import { enlarged } from "../src/picture/heat_map.ts";
import { gridPixels } from "../src/picture/pictures.ts";
import { validationBatches } from "../src/run/batches.ts";
import { openCheckpoint } from "../src/run/checkpoint_file.ts";

const SHOWN = 3;
const FUTURES = 2;
/** Pixels of the picture for one of a clip, along each side. */
const SCALE = 3;

const [path, source, out] = Deno.args;
if (out === undefined) throw new Error("Which? Give a checkpoint, a folder of clips, and OUT.png");
const rin = await Rin.load(await requestCpu(), (await openCheckpoint(path)).bytes);
const { config } = rin;
const { frames, contextFrames } = config;
const { width, height } = sidesOf(config.imageSize);
const each = exampleSize(config);
const { valid, close } = await loadSplits({
  source,
  imageSize: config.imageSize,
  channels: config.channels,
  frames,
});
const { sampler, steps } = USUAL_SAMPLING;

const errors = { "a future": 0, "the last frame given, repeated": 0 };
let count = 0;
for await (const { images } of validationBatches(valid, config, 64, () => {})) {
  const clips = images.length / each;
  const context = contextOf(config, images);
  const drawn = await rin.sample({ sampler, steps, context, count: clips, seed: count });
  const [truth, future] = [images, drawn].map((all) => byFrame(all, config));
  for (let t = contextFrames; t < frames; t++) {
    errors["a future"] += squares(truth[t], future[t]);
    errors["the last frame given, repeated"] += squares(truth[t], truth[contextFrames - 1]);
  }
  count += clips;
}
const numbers = count * each * (frames - contextFrames) / frames;
for (const [what, sum] of Object.entries(errors)) {
  console.log(`${what}: ${(sum / numbers).toFixed(4)} (${count} clips)`);
}

const rows: Float32Array[][] = [];
for await (const { images } of validationBatches(valid, config, SHOWN, () => {})) {
  for (let i = 0; i < images.length / each; i++) {
    const clip = images.slice(i * each, (i + 1) * each);
    const context = contextOf(config, clip);
    const drawn = await rin.sample({ sampler, steps, context, count: FUTURES });
    const futures = Array.from(
      { length: FUTURES },
      (_, k) => drawn.slice(k * each, (k + 1) * each),
    );
    if (i > 0) rows.push([]);
    rows.push(...[clip, ...futures].map((one) => byFrame(one, config)));
  }
}
close();
const white = new Float32Array(pictureSize(config)).fill(1);
const cells = rows.flatMap((row) =>
  Array.from({ length: frames + 1 }, (_, column) => {
    if (row.length === 0 || column === contextFrames) return white;
    return row[column < contextFrames ? column : column - 1];
  })
);
const large = cells.map((cell) => enlarged(cell, config, SCALE));
const pixels = new Float32Array(large.length * large[0].length);
large.forEach((cell, i) => pixels.set(cell, i * cell.length));
const imageSize = sizeOf({ width: SCALE * width, height: SCALE * height });
const picture = gridPixels(pixels, { ...config, imageSize }, frames + 1);
await Deno.writeFile(out, encode({ ...picture, depth: 8 }));
console.log(`Wrote ${out}`);
rin.device.destroy();

function squares(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
}
