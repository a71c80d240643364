/**
 * Who takes part in `compare.ts`: ours on each device, and the peers.
 *
 * A new device of ours is a line in {@linkcode OUR_DEVICES} and one in {@linkcode CONTENDERS}; its name
 * in the README's table stands in `table.ts`.
 *
 * @module
 */
import { exampleSize } from "../src/model/example.ts";
import { PRESETS } from "../src/run/presets.ts";
import { type Device, NoGpuError, requestCpu, requestGpu, Trainer } from "../mod.ts";
import type { JaxDevice } from "./peers/jax.ts";
import { PEER_CONFIGS, startJaxRin } from "./peers/jax_rin.ts";
import { filler, milliseconds } from "./peers/timing.ts";
import { Torch } from "./peers/torch.ts";

/** The networks that are compared: presets that the peers have, too. */
export type NetworkName = keyof typeof PEER_CONFIGS;

/** Images in a batch, of a training step and of a sampling. */
export const BATCH = 32;

/** Steps of a sampling. */
const SAMPLE_STEPS = 20;

/** A network that a contender holds ready. */
export interface Contender {
  /** Milliseconds of one training step, averaged over `count` of them. */
  step(count: number): Promise<number>;
  /** Milliseconds to draw {@linkcode BATCH} images in {@linkcode SAMPLE_STEPS} steps. */
  sample?(): Promise<number>;
  /** Frees what it holds. */
  close(): void | Promise<void>;
}

/** Starts a contender on a network; undefined where this machine lacks what it needs. */
export type StartContender = (network: NetworkName) => Promise<Contender | undefined>;

/** Our devices by the name of their contender. */
export const OUR_DEVICES = {
  "rin-cpu-2": () => requestCpu({ threads: 2 }),
  "rin-cpu-1": () => requestCpu({ threads: 1 }),
  "rin-webgpu": () => requestGpu(),
} satisfies Record<string, () => Promise<Device>>;

/** All contenders by the name that results give them. */
export const CONTENDERS = {
  "rin-cpu-2": (network) => startOurs(OUR_DEVICES["rin-cpu-2"], network),
  "rin-cpu-1": (network) => startOurs(OUR_DEVICES["rin-cpu-1"], network),
  "rin-webgpu": (network) => startOurs(OUR_DEVICES["rin-webgpu"], network),
  "jax-wasm": (network) => startJax("wasm", network),
  "jax-webgpu": (network) => startJax("webgpu", network),
  "torch-1": (network) => startTorch(1, network),
  "torch-2": (network) => startTorch(2, network),
} satisfies Record<string, StartContender>;

/** The name of a contender. */
export type ContenderName = keyof typeof CONTENDERS;

/** Those that take part by default: all but jax-js on WebGPU, whose kernels take long to compile. */
export const DEFAULT_CONTENDERS: readonly ContenderName[] = Object.keys(CONTENDERS)
  .filter(isContender).filter((name) => name !== "jax-webgpu");

/** Whether a text names a contender. */
export function isContender(name: string): name is ContenderName {
  return Object.hasOwn(CONTENDERS, name);
}

/** A device, where this machine has it. */
export async function unlessAbsent(
  request: () => Promise<Device>,
): Promise<Device | undefined> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof NoGpuError)) throw error;
  }
}

/** Ours, whole: a step is what `rin train` does, a sampling what `rin sample` does. */
async function startOurs(
  request: () => Promise<Device>,
  name: NetworkName,
): Promise<Contender | undefined> {
  const { network, training } = PRESETS[name];
  const device = await unlessAbsent(request);
  if (device === undefined) return;
  const trainer = await Trainer.create(device, network, { ...training, batchSize: BATCH });
  const batch = filler(BATCH * exampleSize(trainer.config), 1, 1);
  return {
    step: async (count) => {
      const ms = await milliseconds(async () => {
        for (let step = 0; step < count; step++) await trainer.enqueue(batch);
        const metrics = await trainer.metrics();
        if (!metrics.every(({ finite }) => finite)) throw new Error("A step was not finite");
      });
      return ms / count;
    },
    sample: () =>
      milliseconds(async () => {
        await trainer.average.sample({ count: BATCH, steps: SAMPLE_STEPS });
      }),
    close: () => {
      trainer.destroy();
      device.destroy();
    },
  };
}

/** jax-js: a step is forward and backward alone. */
async function startJax(device: JaxDevice, name: NetworkName): Promise<Contender> {
  const jax = await startJaxRin(PEER_CONFIGS[name], BATCH, device);
  return {
    step: async (count) => {
      const ms = await milliseconds(async () => {
        for (let step = 0; step < count; step++) await jax.grad();
      });
      return ms / count;
    },
    close: jax.dispose,
  };
}

/** PyTorch: whole steps, and samplings like ours. */
async function startTorch(threads: number, name: NetworkName): Promise<Contender | undefined> {
  const torch = await Torch.start(threads);
  if (torch === undefined) return;
  return {
    step: (count) => torch.step(name, count),
    sample: () => torch.sample(name, SAMPLE_STEPS),
    close: () => torch.close(),
  };
}
