// The `./sampler` entry, run in Node 20 by node_test.ts: without a GPU it says so, and its Rin works
// on the CPU device.

import { CheckpointError, NoGpuError, requestGpu, Rin } from "../../../sampler.ts";
import { requestCpu } from "../../../src/device/cpu/request.ts";
import { readCheckpoint, writeCheckpoint } from "../../../src/model/checkpoint.ts";
import { TINY } from "./tiny.ts";

const noGpu = await requestGpu().then(() => undefined, (error: unknown) => error);
const cpu = await requestCpu({ threads: 1 });
const fresh = await Rin.create(cpu, TINY, { seed: 3 });
const checkpoint = readCheckpoint(await fresh.save());
const rin = await Rin.load(cpu, new Blob([writeCheckpoint(checkpoint, "f16")]));
const images = await rin.sample({ count: 2, steps: 2, sampler: "heun", seed: 1 });
const broken = await Rin.load(cpu, new ArrayBuffer(3)).then(() => undefined, (error) => error);
console.log(
  noGpu instanceof NoGpuError && noGpu.reason,
  images.length,
  images.every(Number.isFinite),
  broken instanceof CheckpointError,
);
cpu.destroy();
