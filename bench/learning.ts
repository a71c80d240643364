/**
 * Does it learn as PyTorch does? Trains on real images and prints the loss beside PyTorch's, from
 * the same network and recipe.
 *
 *     deno run -A bench/learning.ts faces          118 faces, x0 loss, exponential average 0.98
 *     deno run -A bench/learning.ts emoji [STEPS]  all emoji, held-out eps loss (every 20th file)
 *
 * @module
 */
import { requestGpu, Trainer } from "../mod.ts";
import { TrainingBatches, validationBatches } from "../src/run/batches.ts";
import { loadSplits } from "../src/data/dataset.ts";

/** PyTorch's figures at these steps. */
const reference = {
  faces: { 200: 0.110, 400: 0.069, 600: 0.059, 800: 0.054, 1000: 0.052 },
  emoji: { 250: 0.2265, 500: 0.1700, 1000: 0.1482, 2000: 0.1207 },
};

const recipes = {
  faces: { config: {}, options: {} },
  emoji: {
    config: { patchSize: 4, interfaceDim: 64, numLatents: 32, prediction: "eps" },
    options: { lr: 1e-3, lrSchedule: "constant", warmup: 0, beta2: 0.999, emaDecay: 0.9999 },
  },
} as const;

const [name = "faces", last = "2000"] = Deno.args;
if (name !== "faces" && name !== "emoji") throw new Error(`Unknown experiment ${name}`);
const { config, options } = recipes[name];
const expected: Readonly<Record<number, number>> = reference[name];
const gpu = await requestGpu();
const picture = { imageSize: 32, channels: 3 } as const;
const { train, valid } = await loadSplits({ source: name, ...picture });
const trainer = await Trainer.create(gpu, config, options);
const { batchSize, seed, steps } = trainer.options;
const end = name === "faces" ? steps : Number(last);
const batches = new TrainingBatches(train, {
  seed,
  batchSize,
  picture,
  flip: false,
  steps: end,
});
console.log(`${train.count} images, ${end} steps on ${gpu.info.description}`);

let average: number | undefined;
const start = performance.now();
for (let step = 1; step <= end; step++) {
  await trainer.enqueue((await batches.at(step - 1)).images);
  if (step % 10 === 0) {
    for (const { loss } of await trainer.metrics()) {
      average = average === undefined ? loss : 0.98 * average + 0.02 * loss;
    }
  }
  if (step in expected) await report(step);
}

/** One line of the table. */
async function report(step: number): Promise<void> {
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const measured = name === "faces" ? average! : await trainer.validate(
    validationBatches(valid, picture, valid.count, () => {}),
    "parameters",
  );
  const ratio = 100 * (measured / expected[step] - 1);
  console.log(
    `step ${String(step).padStart(5)}  ours ${measured.toFixed(4)}  PyTorch ${
      expected[step].toFixed(4)
    }  ` +
      `${ratio >= 0 ? "+" : ""}${ratio.toFixed(1)}%  ${seconds} s`,
  );
}
