/**
 * `rin doctor`.
 *
 * @module
 */
import type { Arithmetic } from "../../src/device/cpu/device.ts";
import type { Device } from "../../src/device/device.ts";
import { NoGpuError } from "../../src/device/errors.ts";
import type { Gpu } from "../../src/device/webgpu/gpu.ts";
import { type Command, expectNoRest } from "../command.ts";
import { choose, type DeviceChoice, findDevices } from "../doctor/found_devices.ts";
import { type KernelCheck, tryKernel } from "../doctor/kernel_check.ts";
import { missingDriverAdvice } from "../gpu_advice.ts";
import { DEVICE_OPTIONS, threadsOf } from "../options/device_options.ts";
import { type Given, withDefaults } from "../options/options.ts";
import { print } from "../terminal/terminal.ts";
import { byteSize, figure } from "../terminal/units.ts";

/** Lists the devices that this machine can compute with. */
export const doctor: Command = {
  usage: "rin doctor [options]",
  summary: "show which device computes, and check each",
  about:
    "Shows the GPU that WebGPU finds and the CPU device, checks a matrix product on each, and " +
    "says which of them the other commands use, and why. Exits with 1 if that one is missing " +
    "or computes wrong results.",
  groups: [{ title: "Device", options: DEVICE_OPTIONS }],
  examples: ["rin doctor", "rin doctor --device gpu"],
  run: runDoctor,
};

const limits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
] as const;

const ARITHMETIC: Readonly<Record<Arithmetic, string>> = {
  fused: "fused: a multiplication and an addition round once, together",
  exact: "exact: a multiplication and an addition round separately",
};

async function runDoctor(given: Given): Promise<number> {
  expectNoRest(given);
  const { device } = withDefaults(DEVICE_OPTIONS, given.flags);
  const { gpu, cpu } = await findDevices(threadsOf(given.flags));
  const found = gpu instanceof NoGpuError ? undefined : gpu;
  try {
    line("System", `${Deno.build.os} ${Deno.build.arch}, Deno ${Deno.version.deno}`);
    line("GPU", found?.description ?? "none that WebGPU finds");
    if (found) describe(found);
    const gpuCorrect = found !== undefined && await check(found, "update the graphics driver");
    line("CPU", cpu.threads === 1 ? "1 thread" : `${cpu.threads} threads`);
    line("  Arithmetic", ARITHMETIC[cpu.arithmetic]);
    const cpuCorrect = await check(cpu, "please report it");
    const { takes, why } = choose(device as DeviceChoice, gpu);
    line("Device", why);
    const advice = missingDriverAdvice(found?.isSoftware === false);
    if (advice !== undefined) line("", advice);
    return ({ gpu: gpuCorrect, cpu: cpuCorrect, none: false })[takes] ? 0 : 1;
  } finally {
    found?.destroy();
    cpu.destroy();
  }
}

function describe({ isSoftware, device }: Gpu): void {
  line("  Kind", isSoftware ? "software: it computes on the CPU" : "hardware");
  limits.forEach((limit, i) =>
    line(i === 0 ? "  Limits" : "", `${limit} ${shown(device.limits[limit])}`)
  );
  const features = [...device.features].sort();
  line("  Features", features.length > 0 ? features.join(", ") : "none beyond WebGPU's own");
  const timestamps = device.features.has("timestamp-query");
  line("  Timestamps", timestamps ? "yes" : "no: rin train --profile times from outside instead");
}

/** Large limits are bytes. */
function shown(limit: number): string {
  return limit < 1e6 ? String(limit) : byteSize(limit);
}

/** Checks a product and prints the result and the speed. */
async function check(device: Device, cure: string): Promise<boolean> {
  const found = await tryKernel(device);
  line("  Check", verdict(found, cure));
  return found.correct;
}

function verdict({ correct, worst, gigaflops }: KernelCheck, cure: string): string {
  const error = `matrix product, largest error ${worst.toExponential(1)}`;
  return correct ? `correct (${error}), ${figure(gigaflops)} GFLOP/s` : `WRONG (${error}): ${cure}`;
}

function line(name: string, value: string): void {
  print(`${name.padEnd(14)}${value}`);
}
