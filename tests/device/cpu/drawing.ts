// What the tests of bits run in every runtime: it trains a small network, draws with it in 25 steps,
// and tells the file of the picture; once as the runtime does by default, once with exact arithmetic.

import { compile } from "../../../src/device/cpu/builds.ts";
import { type CpuOptions, requestCpu } from "../../../src/device/cpu/request.ts";
import { RandomStream } from "../../../src/nn/random.ts";
import { gridPng } from "../../../src/picture/pictures.ts";
import { Trainer } from "../../../src/train/trainer.ts";
import { rgb } from "../../helpers/rgb.ts";

/** What one device made. */
export interface Drawing {
  readonly arithmetic: string;
  readonly threads: number;
  /** The picture's file, base64. */
  readonly picture: string;
  /** SHA-256 of the training's checkpoint, base64. */
  readonly checkpoint: string;
}

const STEPS = 30;
const BATCH = 4;
const SIZE = 16;

const NETWORK = {
  imageSize: SIZE,
  patchSize: 4,
  latentDim: 32,
  interfaceDim: 24,
  numLatents: 8,
  numBlocks: 2,
  numHeads: 2,
};

const base64 = (bytes: Uint8Array) =>
  btoa(Array.from(bytes, (c) => String.fromCharCode(c)).join(""));

async function draw(options: CpuOptions): Promise<Drawing> {
  const device = await requestCpu(options);
  const trainer = await Trainer.create(device, NETWORK, {
    batchSize: BATCH,
    steps: STEPS,
    warmup: 5,
    lr: 2e-3,
    dropout: 0.1,
    seed: 3,
  });
  const stream = new RandomStream(5, 0);
  const values = BATCH * 3 * SIZE * SIZE;
  for (let step = 0; step < STEPS; step++) {
    // Pictures with an edge between two colors each, and some grain.
    const color = (i: number) => stream.uniform(8 * step + i % 2 + 2 * Math.floor(i / 48 % 2));
    const grain = (i: number) => stream.uniform(1000 + i);
    await trainer.enqueue(
      Float32Array.from({ length: values }, (_, i) => 1.6 * color(i) - 0.9 + 0.2 * grain(i)),
    );
    await trainer.metrics();
  }
  const checkpoint = await trainer.save();
  const images = await trainer.average.sample({ count: 2, steps: 25, seed: 11 });
  trainer.destroy();
  device.destroy();
  return {
    arithmetic: device.arithmetic,
    threads: device.threads,
    picture: base64(gridPng(images, rgb(SIZE))),
    checkpoint: base64(new Uint8Array(await crypto.subtle.digest("SHA-256", checkpoint))),
  };
}

async function drawAll(): Promise<string> {
  const module = await compile("alone", "exact");
  return JSON.stringify([await draw({ threads: 2 }), await draw({ module })]);
}

const outcome = drawAll().catch((error) => JSON.stringify(String(error)));
Object.assign(globalThis, { outcome });
console.log(await outcome);
