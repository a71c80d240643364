/**
 * Every kernel of a `faces` training step and of sampling, at its own shapes.
 *
 *     deno bench -A bench/kernels_bench.ts
 *
 * The kernels come from the recorded plans themselves. An iteration is one submission of so many
 * dispatches of one kernel that Deno's 11 ms look at the device doesn't matter; the table printed at
 * the end has the time of one dispatch. GFLOP/s count a multiplication and an addition each; GB/s
 * count every bound array once, so what a kernel reads twice, or reads and writes, counts once. The
 * same arrays are used again and again, so small ones come from the processor's caches.
 *
 * @module
 */
import { requestGpu } from "../mod.ts";
import { recordSampling } from "../src/diffusion/inference.ts";
import type { Gpu } from "../src/device/webgpu/gpu.ts";
import { type Dispatch, lower } from "../src/device/webgpu/lowering.ts";
import { WebGpuProgram } from "../src/device/webgpu/program.ts";
import { persistent, type Tensor } from "../src/graph/tensor.ts";
import { DEFAULT_CONFIG } from "../src/model/config.ts";
import { parameterLayout } from "../src/model/parameters.ts";
import { slab, Weights } from "../src/model/weights.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../src/train/options.ts";
import { recordStep, trainSlabs } from "../src/train/step_plan.ts";
import { markdown, Repeated } from "./measure.ts";
import { filler, median } from "./peers/timing.ts";

/** The dispatches of a training step and of a sampler's, one of each kernel at each shape. */
function kernelsOf(): Map<string, Dispatch> {
  const layout = parameterLayout(DEFAULT_CONFIG);
  const slabs = trainSlabs(layout, DEFAULT_TRAIN_OPTIONS);
  const step = recordStep(DEFAULT_CONFIG, DEFAULT_TRAIN_OPTIONS, layout, slabs);
  const weights = new Weights(layout, slab("parameters", layout));
  const { batchSize } = DEFAULT_TRAIN_OPTIONS;
  const sampling = recordSampling(DEFAULT_CONFIG, weights, batchSize);
  const kernels = new Map<string, Dispatch>();
  for (const dispatch of [...lower(step.plan), ...lower(sampling.plan)]) {
    const label = labelOf(dispatch);
    if (!kernels.has(label)) kernels.set(label, dispatch);
  }
  return new Map([...kernels].sort(([a], [b]) => a < b ? -1 : 1));
}

/** The kernel's name and the shapes that it works on: "matmul (128, 512) (128, 128) -> (512, 128)". */
function labelOf({ launch, tensors }: Dispatch): string {
  const shapes = (access: string) =>
    tensors.filter((_, i) => launch.bindings[i].access === access)
      .map(({ shape }) => `(${shape.join(", ")})`).join(" ");
  return `${launch.name} ${shapes("read")} -> ${shapes("write")}`;
}

const bytesOf = ({ tensors }: Dispatch) =>
  new Set(tensors).values().reduce((bytes, { size }) => bytes + 4 * size, 0);

/** Registers one kernel. */
function benchKernel(gpu: Gpu, label: string, dispatch: Dispatch): void {
  let ready: Promise<Repeated> | undefined;
  const times: number[] = [];
  results.push({ label, dispatch, times });
  Deno.bench({
    name: label,
    n: 10,
    warmup: 1,
    fn: async (bench) => {
      const repeated = await (ready ??= prepare(gpu, dispatch));
      bench.start();
      const ms = await repeated.time();
      bench.end();
      times.push(ms);
    },
  });
}

/** The kernel on arrays of its own, with small positive numbers in them. */
function prepare(gpu: Gpu, { launch, tensors }: Dispatch): Promise<Repeated> {
  const own = new Map<Tensor, Tensor>();
  for (const tensor of tensors) {
    if (own.has(tensor)) continue;
    // A parameter keeps its place within 256 bytes, for which the kernel was made.
    const origin = tensor.storage ? tensor.offset % 64 : 0;
    const whole = persistent("operand", [origin + tensor.size]);
    gpu.write(whole, filler(whole.size, 0.5, 1).map((x) => x + 0.5));
    own.set(tensor, { ...whole, shape: tensor.shape, size: tensor.size, offset: origin });
  }
  const bound = tensors.map((tensor) => own.get(tensor)!);
  const dispatch = { launch, tensors: bound, phase: "step" as const };
  return Repeated.of(
    gpu,
    (copies) => WebGpuProgram.compile(gpu, ["step"], Array(copies).fill(dispatch)),
  );
}

const results: { label: string; dispatch: Dispatch; times: readonly number[] }[] = [];

/** Milliseconds until an answer comes from a device that has nothing to do. */
async function waitOf(gpu: Gpu): Promise<number> {
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    const start = performance.now();
    gpu.device.queue.submit([]);
    await gpu.idle();
    waits.push(performance.now() - start);
  }
  return median(waits);
}

function report(gpu: Gpu, wait: number): void {
  const rows = results.filter(({ times }) => times.length > 0).map(
    ({ label, dispatch, times }) => {
      const { flops } = dispatch.launch;
      const least = Math.min(...times);
      return [
        label,
        (1000 * median(times)).toFixed(0),
        (1000 * least).toFixed(0),
        flops ? (flops / least / 1e6).toFixed(1) : "",
        (bytesOf(dispatch) / least / 1e6).toFixed(1),
      ];
    },
  );
  console.log(
    `\n${gpu.info.description}; rates from the least time; ` +
      `waiting for an idle device takes ${wait.toFixed(1)} ms\n`,
  );
  console.log(
    markdown(["kernel, faces, batch 32", "median us", "least us", "GFLOP/s", "GB/s"], rows),
  );
}

const gpu = await requestGpu().catch((error: Error) => {
  console.log(`No kernel can be timed: ${error.message}`);
});
if (gpu) {
  for (const [label, dispatch] of kernelsOf()) benchKernel(gpu, label, dispatch);
  const wait = await waitOf(gpu);
  globalThis.addEventListener("unload", () => report(gpu, wait));
}
