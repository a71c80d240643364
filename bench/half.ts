/**
 * What half precision costs and gives: a checkpoint's sampling weights as f32 and as f16 on one
 * adapter.
 *
 *     deno run -A bench/half.ts CHECKPOINT [STEPS]
 *
 * STEPS of a picture, 100 if not given.
 * Bytes are of GPU buffers; times are of network evaluations of 8 pictures, in turns; pictures of one
 * seed are compared in steps of 1/255.
 *
 * @module
 */
import { requestGpu, Rin } from "../mod.ts";
import { readCheckpoint, writeCheckpoint } from "../src/model/checkpoint.ts";
import { byteOf } from "../src/picture/pictures.ts";
import { markdown } from "./measure.ts";
import { median, milliseconds } from "./peers/timing.ts";

const COUNT = 8;
const ROUNDS = 9;
const TIMED_STEPS = 4;

const [path, steps = "100"] = Deno.args;
if (path === undefined) throw new Error("Which checkpoint? Give a .safetensors file");
const { config, slabs } = readCheckpoint(await Deno.readFile(path));
const parameters = slabs.ema ?? slabs.parameters;
const files = (["f32", "f16"] as const).map((dtype) =>
  writeCheckpoint({ config, slabs: { parameters } }, dtype)
);

/** The largest difference of two pictures, the mean one, and the share of bytes that differ. */
function compared(a: Float32Array, b: Float32Array): string[] {
  const differences = Array.from(a, (value, i) => Math.abs(byteOf(value) - byteOf(b[i])));
  const sum = differences.reduce((total, value) => total + value, 0);
  const differing = differences.filter((value) => value > 0).length / a.length;
  return [
    String(differences.reduce((most, value) => Math.max(most, value), 0)),
    (sum / a.length).toFixed(3),
    `${(100 * differing).toFixed(1)}%`,
  ];
}

async function measured(): Promise<string[]> {
  const gpu = await requestGpu();
  if (!gpu.supportsF16) throw new Error("This adapter has no shader-f16");
  const [full, half] = await Promise.all(files.map((bytes) => Rin.load(gpu, bytes)));
  const pictures = (rin: Rin) => rin.sample({ count: COUNT, seed: 1, steps: Number(steps) });
  const [a, b] = [await pictures(full), await pictures(half)];
  const times: number[][] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, rin] of [full, half].entries()) {
      times[i].push(
        await milliseconds(async () => void await rin.sample({ count: COUNT, steps: TIMED_STEPS })),
      );
    }
  }
  const [slow, fast] = times.map((all) => median(all) / TIMED_STEPS);
  gpu.destroy();
  const bytes = [full, half].map(({ weights }) => (weights.values.bytes / 1e6).toFixed(2));
  return [
    ...bytes,
    slow.toFixed(1),
    fast.toFixed(1),
    (fast / slow).toFixed(2),
    ...compared(a, b),
  ];
}

console.log(`Files: ${files.map(({ length }) => `${(length / 1e6).toFixed(2)} MB`).join(", ")}\n`);
console.log(
  markdown([
    "weights f32, MB",
    "f16, MB",
    "evaluation f32, ms",
    "f16, ms",
    "ratio",
    "largest difference, /255",
    "mean",
    "bytes that differ",
  ], [await measured()]),
);
Deno.exit(0);
