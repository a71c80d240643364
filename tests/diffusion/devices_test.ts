// One seed on both devices: no byte of a picture differs by more than 2.

import { assert } from "@std/assert";
import { requestCpu } from "../../src/device/cpu/request.ts";
import type { Device } from "../../src/device/device.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import type { SampleOptions } from "../../src/diffusion/sample_options.ts";
import { RandomStream } from "../../src/nn/random.ts";
import { byteOf } from "../../src/picture/pictures.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { deviceTest, sharedDevice } from "../helpers/devices.ts";

const SIZE = 16;
const BATCH = 8;
const STEPS = 150;

const NETWORK = {
  imageSize: SIZE,
  patchSize: 4,
  latentDim: 32,
  interfaceDim: 32,
  numLatents: 8,
  numBlocks: 2,
  numHeads: 2,
};

/** Images of two colors each, the upper half in one and the lower in the other. */
function twoColors(step: number): Float32Array<ArrayBuffer> {
  const stream = new RandomStream(step, 0);
  const plane = SIZE * SIZE;
  return Float32Array.from({ length: BATCH * 3 * plane }, (_, i) => {
    const half = Math.floor(2 * (i % plane) / plane);
    return 1.6 * stream.uniform(2 * Math.floor(i / plane) + half) - 0.8;
  });
}

let trained: Promise<Uint8Array<ArrayBuffer>> | undefined;

/** The bytes of a network that was trained a little. */
async function train(): Promise<Uint8Array<ArrayBuffer>> {
  const device = await requestCpu({ threads: 2 });
  const trainer = await Trainer.create(device, NETWORK, {
    batchSize: BATCH,
    steps: STEPS,
    warmup: 10,
    lr: 3e-3,
    emaDecay: 0.9,
    seed: 1,
  });
  for (let step = 0; step < STEPS; step++) await trainer.step(twoColors(step));
  const bytes = await trainer.average.save();
  device.destroy();
  return bytes;
}

async function draw(
  device: Device,
  options: SampleOptions,
): Promise<Float32Array<ArrayBuffer>> {
  const rin = await Rin.load(device, await (trained ??= train()));
  const images = await rin.sample({ count: 4, steps: 25, seed: 9, ...options });
  rin.destroy();
  return images;
}

const SAMPLERS: SampleOptions[] = [{ sampler: "ddpm" }, { sampler: "dpm++" }];

for (const options of SAMPLERS) {
  deviceTest(
    `Rin.sample() gives the same on CPU and WebGPU to 2/255 in 25 steps of ${options.sampler}`,
    async (gpu) => {
      const onGpu = await draw(gpu, options);
      const onCpu = await draw(await sharedDevice("cpu"), options);
      assert(onCpu.some((value, i) => value !== onGpu[i]), "two devices, not one twice");
      const [found, expected] = [onCpu, onGpu].map((images) => Uint8Array.from(images, byteOf));
      const apart = found.map((byte, i) => Math.abs(byte - expected[i]));
      const differing = apart.filter((distance) => distance > 0).length;
      const largest = Math.max(...apart);
      assert(largest <= 2, `${largest}/255, in ${differing} of ${found.length} bytes`);
      // A picture that is all black and white would show nothing.
      const between = found.filter((byte) => byte > 0 && byte < 255).length;
      assert(between > found.length / 2, `${between} of ${found.length} bytes`);
    },
    ["webgpu"],
  );
}
