// A training step of presets as they are but for the batch: deno task presets [--batch N] NAME...
// Tells the median of three steps after the first; says so where the adapter can't hold one.

import { parseArgs } from "@std/cli";
import { resolveSettings } from "../cli/options/resolve.ts";
import { requestGpu } from "../src/device/webgpu/gpu.ts";
import { DeviceLimitError } from "../src/device/errors.ts";
import { exampleSize } from "../src/model/example.ts";
import { Trainer } from "../src/train/trainer.ts";

const { batch = "1", _: names } = parseArgs(Deno.args, { string: ["batch"] });
const batchSize = Number(batch);

for (const name of names.length > 0 ? names.map(String) : ["cifar10"]) {
  const { settings: { network, training } } = resolveSettings(name, {}, {});
  const gpu = await requestGpu();
  try {
    const options = { ...training, batchSize, accumulate: 1 };
    const trainer = await Trainer.create(gpu, network, options);
    const images = new Float32Array(batchSize * exampleSize(network)).fill(0.5);
    const labels = network.numClasses > 0 ? Array(batchSize).fill(1) : undefined;
    const times: number[] = [];
    let loss = NaN;
    for (let i = 0; i < 4; i++) {
      const start = performance.now();
      const figures = await trainer.step(images, labels);
      if (!figures.finite) throw new Error(`${name}: step ${i + 1} is not finite`);
      ({ loss } = figures);
      times.push((performance.now() - start) / 1000);
    }
    const [, median] = times.slice(1).sort((a, b) => a - b);
    const memory = (gpu.bytes / 2 ** 20).toFixed(0);
    console.log(
      `${name}: batch ${batchSize}, ${median.toFixed(2)} s a step, ${memory} MiB, loss ${
        loss.toFixed(3)
      }`,
    );
  } catch (error) {
    if (!(error instanceof DeviceLimitError)) throw error;
    console.log(`${name}: ${error.message}`);
  } finally {
    gpu.destroy();
  }
}
