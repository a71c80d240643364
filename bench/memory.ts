/**
 * Bytes of GPU buffers that training takes, by preset and by what they are for.
 *
 *     deno run -A bench/memory.ts [PRESET ...]
 *
 * How they are counted: a trainer is built and `gpu.bytes`, the sum of the sizes of all buffers that
 * exist, is read. The parts are added up from the same plan that the trainer replays, and must give
 * that figure. "unpooled" is what the activations would take with a buffer for each. The driver's own
 * memory (pipelines, command buffers, staging for writes) is not in it.
 *
 * @module
 */
import { DeviceLimitError } from "../src/device/errors.ts";
import { PRESETS } from "../src/run/presets.ts";
import { requestGpu, Trainer } from "../mod.ts";
import type { Storage, Tensor } from "../src/graph/tensor.ts";
import { place } from "../src/device/pool.ts";
import { bufferBytes, PARAMS_STRIDE } from "../src/device/webgpu/binding.ts";
import { lower } from "../src/device/webgpu/lowering.ts";
import { completeConfig } from "../src/model/config.ts";
import { parameterLayout } from "../src/model/parameters.ts";
import { completeTrainOptions } from "../src/train/options.ts";
import { recordStep, trainSlabs } from "../src/train/step_plan.ts";
import { markdown } from "./measure.ts";

const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);
const storagesOf = (storages: Iterable<Storage>) =>
  sum([...storages].map(({ bytes }) => bufferBytes(bytes)));
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

const gpu = await requestGpu();
const rows: string[][] = [];
const names = Deno.args.length > 0 ? Deno.args : Object.keys(PRESETS);
for (const name of names) {
  const { network, training } = PRESETS[name];
  const config = completeConfig(network);
  const options = completeTrainOptions(training);
  const layout = parameterLayout(config);
  const slabs = trainSlabs(layout, options);
  const { plan, tensors } = recordStep(config, options, layout, slabs);
  const dispatches = lower(plan);
  const activations = new Set<Tensor>();
  for (const dispatch of dispatches) {
    for (const tensor of dispatch.tensors) if (!tensor.storage) activations.add(tensor);
  }
  const own = Object.values(slabs);
  const written = Object.values<Tensor>({ ...tensors }).map(({ storage }) => storage!);
  // Fixed positions, where a network has them.
  const constants = new Set(
    dispatches.flatMap(({ tensors }) => tensors.map(({ storage }) => storage))
      .filter((storage) => storage !== undefined)
      .filter((storage) => !own.includes(storage) && !written.includes(storage)),
  );
  const parts = {
    slabs: storagesOf(own),
    pooled: sum(place(dispatches).bytes.map(bufferBytes)),
    written: storagesOf([...written, ...constants]),
    params: dispatches.length * PARAMS_STRIDE,
  };
  const unpooled = sum([...activations].map(({ size }) => bufferBytes(4 * size)));

  const before = gpu.bytes;
  let trainer: Trainer;
  try {
    trainer = await Trainer.create(gpu, config, options);
  } catch (thrown) {
    if (!(thrown instanceof DeviceLimitError)) throw thrown;
    console.error(`${name} is left out: ${thrown.message}`);
    continue;
  }
  const found = gpu.bytes - before;
  trainer.destroy();
  if (found !== sum(Object.values(parts))) {
    throw new Error(`${name}: counted ${sum(Object.values(parts))} bytes, there are ${found}`);
  }
  if (gpu.bytes !== before) throw new Error(`${name}: ${gpu.bytes - before} bytes were not freed`);
  rows.push([
    `${name}, batch ${options.batchSize}`,
    (layout.size / 1e6).toFixed(2),
    mib(found),
    mib(parts.slabs),
    mib(parts.pooled),
    mib(unpooled),
    mib(parts.written),
    mib(parts.params),
  ]);
}
console.log(`MiB of GPU buffers; ${gpu.description}\n`);
console.log(markdown([
  "preset",
  "M parameters",
  "all",
  "5 slabs",
  "activations",
  "unpooled",
  "inputs, results",
  "sizes",
], rows));
Deno.exit(0);
