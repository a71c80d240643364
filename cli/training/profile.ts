/**
 * `rin train --profile`: where a step's time goes.
 *
 * @module
 */
import { TrainingBatches } from "../../src/run/batches.ts";
import { openTrainer } from "../../src/run/keep_training.ts";
import type { ReadyRun } from "../../src/run/prepare_run.ts";
import { table } from "../terminal/table.ts";

const WARM_UP = 3;
const TIMED = 7;

/** Takes a few steps, then times one of them kernel by kernel. */
export async function profile({ opened, data, devices }: ReadyRun): Promise<string> {
  const { network: { imageSize, frames }, training: { seed, batchSize }, run: { flip } } =
    opened.settings;
  const { trainer } = await openTrainer(devices.first, opened);
  const steps = WARM_UP + TIMED;
  const batches = new TrainingBatches(data.train, { seed, batchSize, imageSize, flip, steps });
  const times: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { images, labels } = await batches.at(step);
    const start = performance.now();
    await trainer.step(images, labels);
    if (step >= WARM_UP) times.push(performance.now() - start);
  }
  const wall = times.sort((a, b) => a - b)[Math.floor(TIMED / 2)];
  const kernels = await trainer.profile();
  const total = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rate = (flops: number, ms: number) => flops > 0 ? (flops / ms / 1e6).toFixed(1) : "";
  const row = (name: string, count: number, ms: number, flops: number) => [
    name,
    String(count),
    ms.toFixed(2),
    `${(100 * ms / total).toFixed(1)}%`,
    rate(flops, ms),
  ];
  const sum = (key: "count" | "flops") => kernels.reduce((all, kernel) => all + kernel[key], 0);
  return [
    table(["kernel", "count", "ms", "share", "GFLOP/s"], [
      ...kernels.map(({ name, count, milliseconds, flops }) =>
        row(name, count, milliseconds, flops)
      ),
      row("all kernels", sum("count"), total, sum("flops")),
    ]),
    "",
    `A whole step takes ${wall.toFixed(1)} ms (median of ${TIMED}): ` +
    `${(1000 * batchSize / wall).toPrecision(3)} ${frames > 1 ? "clips" : "images"}/s. ` +
    "Kernels are timed one by one, which adds a little to each.",
  ].join("\n");
}
