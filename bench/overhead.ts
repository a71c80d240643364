/**
 * What a step costs beside its arithmetic: steps a second of a network so small that only the
 * overhead is left, on a GPU (a software one too) and on the CPU.
 *
 *     deno run -A bench/overhead.ts [STEPS]
 *
 * STEPS are done between looks at the clock, 150 if not given.
 *
 * @module
 */
import { requestCpu, requestGpu, Trainer } from "../mod.ts";
import { median } from "./peers/timing.ts";

const CONFIG = { imageSize: 8, patchSize: 8, latentDim: 16, interfaceDim: 16, numLatents: 4 };
const NETWORK = { ...CONFIG, numHeads: 2, numBlocks: 1 };
const TURNS = 5;
const steps = Number(Deno.args[0] ?? 150);

for (const request of [requestGpu, requestCpu]) {
  const device = await request();
  const trainer = await Trainer.create(device, NETWORK, { batchSize: 1 });
  const batch = new Float32Array(3 * 8 * 8).fill(0.5);
  const train = async () => {
    for (let i = 0; i < steps; i++) {
      await trainer.enqueue(batch);
      if (i % 50 === 0) await trainer.metrics();
    }
  };
  const draw = () => trainer.average.sample({ count: 1, sampler: "ddim", steps });
  const rate = async (work: () => Promise<unknown>) => {
    const rates: number[] = [];
    for (let turn = 0; turn <= TURNS; turn++) {
      const start = performance.now();
      await work();
      if (turn > 0) rates.push(1000 * steps / (performance.now() - start));
    }
    return median(rates).toFixed(0);
  };
  console.log(device.description);
  console.log(`  training: ${await rate(train)} steps/s`);
  console.log(`  sampling: ${await rate(draw)} steps/s`);
  device.destroy();
}
