/**
 * `rin sample`.
 *
 * @module
 */
import { Rin } from "../src/diffusion/rin.ts";
import { requestGpu } from "../src/gpu/device.ts";
import type { RinConfig } from "../src/model/config.ts";
import { readClasses } from "./classes.ts";
import { openCheckpoint } from "./checkpoint_file.ts";
import { type Command, expectNoRest } from "./command.ts";
import { UsageError } from "./errors.ts";
import { type Given, type Option, withDefaults } from "./options.ts";
import { gridPng, imagePng } from "./pictures.ts";
import { only, readConfigFile } from "./resolve.ts";
import { numberWithin, readSampler, SAMPLER_OPTIONS } from "./sampler_options.ts";
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
  ...SAMPLER_OPTIONS,
  {
    key: "class",
    type: "text",
    value: "NAME,...",
    help:
      "class of the images by name or number, or classes that they have in turn; without it, none",
  },
  {
    key: "guidance",
    type: "number",
    help: "classifier-free guidance: 1 is off, more keeps closer to the class at twice the work",
    default: 1,
  },
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
  const flags = withDefaults(options, given.flags);
  if (flags.checkpoint === undefined) {
    throw new UsageError("--checkpoint is missing: give a .safetensors file or a run folder");
  }
  const count = numberWithin(flags, "count", 1, 10_000_000);
  const sampler = readSampler(flags);
  const config = flags.config === undefined ? undefined : await readNetwork(String(flags.config));
  const file = await openCheckpoint(String(flags.checkpoint), config);
  const { imageSize } = file.checkpoint.config;
  const labels = flags.class === undefined
    ? undefined
    : readClasses(String(flags.class), file.checkpoint);
  const out = String(flags.out);
  const asGrid = /\.png$/i.test(out);
  await makeFolder(asGrid ? folderOf(out) : out);

  const terminal = new Terminal(flags.quiet === true);
  const gpu = await requestGpu();
  try {
    const rin = await Rin.load(gpu, file.bytes, { config });
    const start = performance.now();
    const images = await rin.sample({
      ...sampler,
      count,
      labels: labels && Array.from({ length: count }, (_, i) => labels[i % labels.length]),
      guidance: numberWithin(flags, "guidance", -1000, 1000),
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
