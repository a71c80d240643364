/**
 * What a step costs beside its arithmetic: steps a second of a network so small that only the
 * overhead is left, on a GPU (a software one too) and on the CPU.
 *
 *     deno run -A bench/overhead.ts
 *
 * @module
 */
import { requestCpu, requestGpu, Trainer } from "../mod.ts";
import { median } from "./peers/timing.ts";

const CONFIG = { imageSize: 8, patchSize: 8, latentDim: 16, interfaceDim: 16, numLatents: 4 };
const NETWORK = { ...CONFIG, numHeads: 2, numBlocks: 1 };
const [TURNS, TRAINED, DRAWN] = [5, 150, 100];

for (const request of [requestGpu, requestCpu]) {
  const device = await request();
  const trainer = await Trainer.create(device, NETWORK, { batchSize: 1 });
  const batch = new Float32Array(3 * 8 * 8).fill(0.5);
  const train = async () => {
    for (let i = 0; i < TRAINED; i++) {
      await trainer.enqueue(batch);
      if (i % 50 === 49) await trainer.metrics();
    }
  };
  const draw = () => trainer.average.sample({ count: 1, sampler: "ddim", steps: DRAWN });
  const rate = async (steps: number, work: () => Promise<unknown>) => {
    const rates: number[] = [];
    for (let turn = 0; turn <= TURNS; turn++) {
      const start = performance.now();
      await work();
      if (turn > 0) rates.push(1000 * steps / (performance.now() - start));
    }
    return median(rates).toFixed(0);
  };
  console.log(device.description);
  console.log(`  training: ${await rate(TRAINED, train)} steps/s`);
  console.log(`  sampling: ${await rate(DRAWN, draw)} steps/s`);
  device.destroy();
}
