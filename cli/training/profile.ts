/**
 * `rin train --profile`: where a step's time goes.
 *
 * @module
 */
import type { OperationProfile } from "../../src/device/device.ts";
import { TrainingBatches } from "../../src/run/batches.ts";
import { openTrainer } from "../../src/run/keep_training.ts";
import type { ReadyRun } from "../../src/run/prepare_run.ts";
import { figure } from "../terminal/units.ts";
import { table } from "../terminal/table.ts";

const WARM_UP = 3;
const TIMED = 7;

/** Takes a few steps, then times one of them operation by operation. */
export async function profile({ opened, data, devices }: ReadyRun): Promise<string> {
  const { network, training: { seed, batchSize }, run: { flip } } = opened.settings;
  const { frames } = network;
  const { trainer } = await openTrainer(devices.first, opened);
  const steps = WARM_UP + TIMED;
  const batches = new TrainingBatches(data.train, {
    seed,
    batchSize,
    picture: network,
    flip,
    steps,
  });
  const times: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { images, labels } = await batches.at(step);
    const start = performance.now();
    await trainer.step(images, labels);
    if (step >= WARM_UP) times.push(performance.now() - start);
  }
  const wall = times.sort((a, b) => a - b)[Math.floor(TIMED / 2)];
  const operations = await trainer.profile();
  const sum = (key: "count" | "milliseconds" | "flops" | "bytes") =>
    operations.reduce((all, operation) => all + operation[key], 0);
  const total = sum("milliseconds");
  const rate = (work: number, ms: number) => work > 0 ? (work / ms / 1e6).toFixed(1) : "";
  const row = ({ name, count, milliseconds, flops, bytes }: OperationProfile) => [
    name,
    String(count),
    milliseconds.toFixed(2),
    `${(100 * milliseconds / total).toFixed(1)}%`,
    rate(flops, milliseconds),
    rate(bytes, milliseconds),
  ];
  const all = {
    count: sum("count"),
    milliseconds: total,
    flops: sum("flops"),
    bytes: sum("bytes"),
  };
  return [
    table(["operation", "count", "ms", "share", "GFLOP/s", "GB/s"], [
      ...operations.map(row),
      row({ name: "all operations", ...all }),
    ]),
    "",
    `A whole step takes ${wall.toFixed(1)} ms (median of ${TIMED}): ` +
    `${figure(1000 * batchSize / wall)} ${frames > 1 ? "clips" : "images"}/s. ` +
    "Operations are timed one by one, which adds a little to each; GB/s counts every operand once.",
  ].join("\n");
}
