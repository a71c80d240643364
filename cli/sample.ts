/**
 * `rin sample`.
 *
 * @module
 */
import { Rin, type SampleOptions } from "../src/diffusion/rin.ts";

import { SAMPLERS } from "../src/diffusion/samplers.ts";
import { requestGpu } from "../src/gpu/device.ts";
import type { RinConfig } from "../src/model/config.ts";
import { openCheckpoint } from "./checkpoint_file.ts";
import { type Command, expectNoRest } from "./command.ts";
import { CommandError, UsageError } from "./errors.ts";
import type { Given, Option } from "./options.ts";
import { gridPng, imagePng } from "./pictures.ts";
import { only, readConfigFile } from "./resolve.ts";
import { print, Terminal } from "./terminal.ts";
import { folderOf, makeFolder, writeFile } from "./write_file.ts";

const options: Option[] = [
  {
    key: "checkpoint",
    type: "text",
    value: "FILE",
    help: "a .safetensors file, or a run folder (its last.safetensors)",
  },
  { key: "count", type: "integer", help: "number of images", default: 16 },
  { key: "steps", type: "integer", help: "network evaluations of an image", default: 100 },
  {
    key: "sampler",
    type: SAMPLERS,
    help: "ancestral; deterministic (with --eta 0); deterministic and of second order (dpm++, " +
      "heun): good from 10 to 25 steps on; or as the original project does",
    default: "ddpm",
  },
  { key: "eta", type: "number", help: "ddim: share of fresh noise, 0 to 1", default: 0 },
  {
    key: "variance",
    type: ["small", "large"],
    help: "ddpm: of the fresh noise; the posterior's, or beta_t",
    default: "small",
  },
  { key: "seed", type: "integer", help: "image i depends on the seed and i alone", default: 0 },
  { key: "batchSize", type: "integer", help: "images made at a time", default: 32 },
  {
    key: "out",
    type: "text",
    value: "PATH",
    help: "a grid if it ends in .png, else a folder of single images",
    default: "samples.png",
  },
  {
    key: "config",
    type: "text",
    value: "FILE",
    help: "JSON file with the network's fields, for a checkpoint that lacks them",
  },
  { key: "quiet", type: "boolean", help: "show no progress" },
];

/** Makes images. */
export const sample: Command = {
  usage: "rin sample --checkpoint FILE [options]",
  summary: "make images with a trained network",
  about: "Makes images with a trained network, from the moving average of its weights where the " +
    "checkpoint has one.",
  groups: [{ title: "Options", options }],
  examples: [
    "rin sample --checkpoint runs/faces",
    "rin sample --checkpoint best.safetensors --sampler ddim --steps 50 --count 1000 --out images/",
  ],
  run: runSample,
};

async function runSample(given: Given): Promise<number> {
  expectNoRest(given);
  const defaults = options.filter((option) => option.default !== undefined);
  const flags = {
    ...Object.fromEntries(defaults.map((option) => [option.key, option.default!])),
    ...given.flags,
  };
  if (flags.checkpoint === undefined) {
    throw new UsageError("--checkpoint is missing: give a .safetensors file or a run folder");
  }
  const { count, batchSize, seed, steps, eta } = checkNumbers(flags);
  const config = flags.config === undefined ? undefined : await readNetwork(String(flags.config));
  const file = await openCheckpoint(String(flags.checkpoint), config);
  const { imageSize } = file.checkpoint.config;
  const out = String(flags.out);
  const asGrid = /\.png$/i.test(out);
  await makeFolder(asGrid ? folderOf(out) : out);

  const terminal = new Terminal(flags.quiet === true);
  const gpu = await requestGpu();
  try {
    const rin = await Rin.load(gpu, file.bytes, { config });
    const start = performance.now();
    const images = await rin.sample({
      count,
      batchSize,
      seed,
      steps,
      eta,
      sampler: flags.sampler as SampleOptions["sampler"],
      variance: flags.variance as SampleOptions["variance"],
      onStep: (done, total) => terminal.progress(done, total),
    });
    terminal.finish();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    await writeImages(images, imageSize, out, asGrid);
    const what = asGrid ? `a grid of ${count} images` : `${count} images`;
    print(`Wrote ${what} of ${imageSize}x${imageSize} to ${out} in ${seconds} s`);
    return 0;
  } finally {
    gpu.destroy();
  }
}

/** @throws {UsageError} when a number is out of range, before anything is loaded */
function checkNumbers(flags: Readonly<Record<string, unknown>>): {
  count: number;
  batchSize: number;
  seed: number;
  steps: number;
  eta: number;
} {
  const within = (key: string, low: number, high: number) => {
    const value = Number(flags[key]);
    if (value >= low && value <= high) return value;
    const flag = key === "batchSize" ? "batch-size" : key;
    throw new CommandError(`--${flag} is ${value}: needed ${low} to ${high}`);
  };
  const steps = Number(flags.steps);

  return {
    count: within("count", 1, 10_000_000),
    batchSize: within("batchSize", 1, 65535),
    seed: within("seed", 0, 2 ** 32 - 1),
    eta: within("eta", 0, 1),
    steps,
  };
}

async function readNetwork(path: string): Promise<Partial<RinConfig>> {
  return only("network", await readConfigFile(path)) as Partial<RinConfig>;
}

async function writeImages(
  images: Float32Array,
  size: number,
  out: string,
  asGrid: boolean,
): Promise<void> {
  if (asGrid) return await writeFile(out, gridPng(images, size));
  const folder = out.replace(/(?<=.)[/\\]+$/, "");
  for (let i = 0; i < images.length / (3 * size * size); i++) {
    await writeFile(`${folder}/${String(i).padStart(6, "0")}.png`, imagePng(images, i, size));
  }
}
