/**
 * What half precision costs and gives: a checkpoint's sampling weights as f32, as f16, and as f16 with
 * activations in f16, too, on one adapter.
 *
 *     deno run -A bench/half.ts CHECKPOINT [STEPS]
 *
 * STEPS of a picture, 100 if not given.
 * Bytes are of GPU buffers; times are of network evaluations of 8 pictures, in turns; pictures of one
 * seed are compared in steps of 1/255.
 *
 * @module
 */
import { type Gpu, requestGpu, Rin } from "../mod.ts";
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
const [full, half] = (["f32", "f16"] as const).map((dtype) =>
  writeCheckpoint({ config, slabs: { parameters } }, dtype)
);

const CONTENDERS: Record<string, (gpu: Gpu) => Promise<Rin>> = {
  "f32": (gpu) => Rin.load(gpu, full),
  "weights f16": (gpu) => Rin.load(gpu, half),
  "`--precision f16`": (gpu) => Rin.load(gpu, full, { precision: "f16" }),
};

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

async function measured(): Promise<string[][]> {
  const gpu = await requestGpu();
  if (!gpu.supportsF16) throw new Error("This adapter has no shader-f16");
  const made: { name: string; rin: Rin; bytes: number; pictures: Float32Array; times: number[] }[] =
    [];
  for (const [name, load] of Object.entries(CONTENDERS)) {
    const before = gpu.bytes;
    const rin = await load(gpu);
    const pictures = await rin.sample({ count: COUNT, seed: 1, steps: Number(steps) });
    made.push({ name, rin, bytes: gpu.bytes - before, pictures, times: [] });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const { rin, times } of made) {
      times.push(
        await milliseconds(async () => void await rin.sample({ count: COUNT, steps: TIMED_STEPS })),
      );
    }
  }
  gpu.destroy();
  return made.map(({ name, rin, bytes, pictures, times }) => [
    name,
    (rin.weights.values.bytes / 1e6).toFixed(2),
    (bytes / 1e6).toFixed(2),
    (median(times) / TIMED_STEPS).toFixed(1),
    (median(times) / median(made[0].times)).toFixed(2),
    ...compared(pictures, made[0].pictures),
  ]);
}

console.log(
  `Files: ${[full, half].map(({ length }) => `${(length / 1e6).toFixed(2)} MB`).join(", ")}\n`,
);
const columns = ["", "weights, MB", "in all, MB", "evaluation, ms", "times f32's"];
const differences = ["largest difference, /255", "mean", "bytes that differ"];
console.log(markdown([...columns, ...differences], await measured()));
Deno.exit(0);
