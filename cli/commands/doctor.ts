/**
 * `rin doctor`.
 *
 * @module
 */
import { type Gpu, requestGpu } from "../../src/device/webgpu/gpu.ts";
import { NoGpuError } from "../../src/device/errors.ts";
import { type Command, expectNoRest } from "../command.ts";
import { installAdvice } from "../doctor/install_advice.ts";
import { type KernelCheck, tryKernel } from "../doctor/kernel_check.ts";
import type { Given } from "../options/options.ts";
import { print } from "../terminal/terminal.ts";

/** Says whether this machine can train. */
export const doctor: Command = {
  usage: "rin doctor",
  summary: "say which GPU is used and whether it computes correctly",
  about:
    "Says which adapter WebGPU finds, its limits and features, and whether a kernel computes " +
    "correctly on it; where there is none, what to install. Exit code 1 when it can't be used.",
  groups: [{ title: "Options", options: [] }],
  examples: ["rin doctor"],
  run: runDoctor,
};

const limits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
] as const;

async function runDoctor(given: Given): Promise<number> {
  expectNoRest(given);
  line("System", `${Deno.build.os} ${Deno.build.arch}, Deno ${Deno.version.deno}`);
  let gpu: Gpu;
  try {
    gpu = await requestGpu();
  } catch (thrown) {
    if (!(thrown instanceof NoGpuError)) throw thrown;
    line("Adapter", "none found");
    for (const advice of await installAdvice()) line("", advice);
    return 1;
  }
  try {
    describe(gpu);
    const check = await tryKernel(gpu);
    line("Kernel", verdict(check));
    return check.correct ? 0 : 1;
  } finally {
    gpu.destroy();
  }
}

function describe({ info, isSoftware, device }: Gpu): void {
  line("Adapter", info.description || info.device || info.vendor || "without a name");
  line(
    "Kind",
    isSoftware ? "software: it computes on the CPU, a GPU is faster" : "hardware",
  );
  limits.forEach((limit, i) =>
    line(i === 0 ? "Limits" : "", `${limit} ${shown(device.limits[limit])}`)
  );
  const features = [...device.features].sort();
  line("Features", features.length > 0 ? features.join(", ") : "none beyond WebGPU's own");
  const timestamps = device.features.has("timestamp-query");
  line("Timestamps", timestamps ? "yes" : "no: rin train --profile times from outside instead");
}

/** Large limits are bytes. */
function shown(limit: number): string {
  return limit < 1e6 ? String(limit) : `${Math.floor(limit / 2 ** 20)} MiB`;
}

function verdict({ correct, worst, gigaflops }: KernelCheck): string {
  const error = `largest error ${worst.toExponential(1)}`;
  return correct
    ? `correct (matrix product, ${error}), ${gigaflops.toPrecision(2)} GFLOP/s`
    : `WRONG (matrix product, ${error}): update the graphics driver`;
}

function line(name: string, value: string): void {
  print(`${name.padEnd(12)}${value}`);
}
