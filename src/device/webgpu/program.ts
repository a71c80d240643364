/// <reference types="@webgpu/types" />
/**
 * A plan made ready for WebGPU: buffers placed, pipelines compiled, bind groups made. Replaying it
 * encodes a compute pass, or one for each of several steps, and submits once.
 *
 * @module
 */
import { bytesOf, type Storage } from "../../graph/tensor.ts";
import type { DeviceData, OperationProfile, Program } from "../device.ts";
import { DeviceLimitError, SMALLER } from "../errors.ts";
import { place } from "../pool.ts";
import { bound, expectWithin, PARAMS_STRIDE } from "./binding.ts";
import type { GpuResources } from "./resources.ts";
import type { Dispatch } from "./lowering.ts";

/** The most timestamps that a WebGPU query set holds. */
const MAX_QUERIES = 4096;

interface Command {
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly dispatch: Dispatch;
}

/** A write into a buffer. */
export interface BufferWrite {
  readonly buffer: GPUBuffer;
  /** In bytes, a multiple of 4, as the data's length is. */
  readonly offset: number;
  readonly data: DeviceData;
}

/** A plan that can be replayed. Made by {@linkcode Gpu.compile}. */
export class WebGpuProgram<Phase extends string> implements Program<Phase> {
  #gpu: GpuResources;
  #phases: readonly Phase[];
  #commands: Command[];
  #owned: GPUBuffer[];
  /** What steps of one submission write before each. */
  #staging: GPUBuffer | undefined;
  #constants: readonly Storage[];

  private constructor(
    gpu: GpuResources,
    phases: readonly Phase[],
    commands: Command[],
    owned: GPUBuffer[],
    constants: readonly Storage[],
  ) {
    this.#gpu = gpu;
    this.#phases = phases;
    this.#commands = commands;
    this.#owned = owned;
    this.#constants = constants;
  }

  /** Compiles the kernels of a lowered plan (all at once) and places its activations. */
  static async compile<Phase extends string>(
    gpu: GpuResources,
    phases: readonly Phase[],
    dispatches: readonly Dispatch<Phase>[],
  ): Promise<WebGpuProgram<Phase>> {
    for (const { launch, tensors } of dispatches) {
      for (const tensor of tensors) {
        const label = tensor.storage?.name ?? launch.name;
        expectWithin(gpu.device.limits, "maxStorageBufferBindingSize", bound(tensor).size, label);
      }
    }
    const pipelines = await Promise.all(dispatches.map(({ launch }) => gpu.pipeline(launch)));
    const { STORAGE, UNIFORM, COPY_DST } = GPUBufferUsage;
    const owned: GPUBuffer[] = [];
    const storages = dispatches.flatMap(({ tensors }) =>
      tensors.flatMap(({ storage }) => storage ? [storage] : [])
    );
    const constants = storages.filter(({ contents }) => contents);
    const added = storages.filter((storage) => !gpu.holds(storage));
    try {
      const { slotOf, bytes } = place(dispatches);
      const commands = await withinMemory(gpu.device, () => {
        for (const each of bytes) owned.push(gpu.createBuffer("activations", each, STORAGE));
        const params = gpu.createBuffer(
          "params",
          dispatches.length * PARAMS_STRIDE,
          UNIFORM | COPY_DST,
        );
        owned.push(params);
        const words = new Uint32Array(dispatches.length * PARAMS_STRIDE / 4);
        dispatches.forEach(({ launch }, index) =>
          words.set(launch.params, index * PARAMS_STRIDE / 4)
        );
        gpu.device.queue.writeBuffer(params, 0, words);
        return dispatches.map((dispatch, index): Command => {
          const pipeline = pipelines[index];
          const resources = dispatch.tensors.map((tensor) => {
            const slot = slotOf.get(tensor);
            const buffer = slot === undefined ? gpu.memory(tensor.storage!) : owned[slot];
            return { buffer, ...bound(tensor) };
          });
          if (dispatch.launch.params.length > 0) {
            resources.push({ buffer: params, offset: index * PARAMS_STRIDE, size: PARAMS_STRIDE });
          }
          const bindings = gpu.device.createBindGroup({
            layout: pipeline.getBindGroupLayout(0),
            entries: resources.map((resource, binding) => ({ binding, resource })),
          });
          return { pipeline, bindings, dispatch };
        });
      });
      return new WebGpuProgram(gpu, phases, commands, owned, constants);
    } catch (error) {
      owned.forEach((buffer) => gpu.destroyBuffer(buffer));
      // A buffer that found no memory is of no use later, either.
      gpu.release(...constants, ...added);
      throw error;
    }
  }

  /**
   * Queues one replay.
   *
   * @param phases default: all
   * @throws {RangeError} when the plan has no phase of that name
   */
  run(phases?: readonly Phase[]): void {
    const encoder = this.#gpu.device.createCommandEncoder();
    encodePass(encoder, this.#of(phases));
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  /**
   * Queues replays in one submission, each after its own writes.
   *
   * @throws {RangeError} when the plan has no phase of that name
   */
  replay(phases: readonly Phase[], steps: readonly (readonly BufferWrite[])[]): void {
    const commands = this.#of(phases);
    const all = steps.flat();
    const bytes = new Uint8Array(all.reduce((sum, { data }) => sum + data.byteLength, 0));
    const staging = this.#stagingOf(bytes.length);
    const encoder = this.#gpu.device.createCommandEncoder();
    let at = 0;
    for (const writes of steps) {
      for (const { buffer, offset, data } of writes) {
        bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
        encoder.copyBufferToBuffer(staging, at, buffer, offset, data.byteLength);
        at += data.byteLength;
      }
      encodePass(encoder, commands);
    }
    // Queued before the submission, and after those before it, which read the same buffer.
    if (bytes.length > 0) this.#gpu.device.queue.writeBuffer(staging, 0, bytes);
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  #stagingOf(bytes: number): GPUBuffer {
    if (this.#staging && this.#staging.size >= bytes) return this.#staging;
    const { COPY_SRC, COPY_DST } = GPUBufferUsage;
    if (this.#staging) this.#gpu.destroyBuffer(this.#staging);
    return this.#staging = this.#gpu.createBuffer("inputs", bytes, COPY_SRC | COPY_DST);
  }

  #of(phases: readonly string[] = this.#phases): readonly Command[] {
    const known: readonly string[] = this.#phases;
    for (const phase of phases) {
      if (!known.includes(phase)) throw new RangeError(`The plan has no phase "${phase}"`);
    }
    return this.#commands.filter(({ dispatch }) => phases.includes(dispatch.phase));
  }

  /**
   * Replays once with a pass and two timestamps for each dispatch, and adds the times up by kernel.
   * Where the adapter has no timestamps (or too few), each dispatch is timed from the host instead.
   *
   * @param phases default: all
   */
  async profile(phases?: readonly Phase[]): Promise<OperationProfile[]> {
    const commands = this.#of(phases);
    const timed = this.#gpu.device.features.has("timestamp-query") &&
      2 * commands.length <= MAX_QUERIES;
    const nanoseconds = await (timed ? this.#timestamps(commands) : this.#hostTimes(commands));
    const profiles = new Map<string, Omit<OperationProfile, "name">>();
    commands.forEach(({ dispatch: { launch, tensors } }, index) => {
      const known = profiles.get(launch.name);
      profiles.set(launch.name, {
        count: (known?.count ?? 0) + 1,
        milliseconds: (known?.milliseconds ?? 0) + nanoseconds[index] / 1e6,
        flops: (known?.flops ?? 0) + (launch.flops ?? 0),
        bytes: (known?.bytes ?? 0) + tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0),
      });
    });
    return [...profiles].map(([name, entry]) => ({ name, ...entry }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
  }

  async #timestamps(commands: readonly Command[]): Promise<number[]> {
    const { device } = this.#gpu;
    const count = commands.length * 2;
    const querySet = device.createQuerySet({ type: "timestamp", count });
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const resolved = this.#gpu.createBuffer("timestamps", count * 8, QUERY_RESOLVE | COPY_SRC);
    const staging = this.#gpu.createBuffer("timestamps", count * 8, MAP_READ | COPY_DST);
    try {
      const encoder = device.createCommandEncoder();
      commands.forEach((command, index) => {
        const pass = encoder.beginComputePass({
          timestampWrites: {
            querySet,
            beginningOfPassWriteIndex: 2 * index,
            endOfPassWriteIndex: 2 * index + 1,
          },
        });
        encode(pass, command);
        pass.end();
      });
      encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, count * 8);
      device.queue.submit([encoder.finish()]);
      // Unlike a mapping, this ends when the GPU is lost.
      await this.#gpu.idle();
      await staging.mapAsync(GPUMapMode.READ);
      const stamps = new BigUint64Array(staging.getMappedRange());
      return commands.map((_, index) => Number(stamps[2 * index + 1] - stamps[2 * index]));
    } finally {
      querySet.destroy();
      this.#gpu.destroyBuffer(resolved);
      this.#gpu.destroyBuffer(staging);
    }
  }

  async #hostTimes(commands: readonly Command[]): Promise<number[]> {
    const times: number[] = [];
    for (const command of commands) {
      const start = performance.now();
      const encoder = this.#gpu.device.createCommandEncoder();
      encodePass(encoder, [command]);
      this.#gpu.device.queue.submit([encoder.finish()]);
      await this.#gpu.idle();
      times.push((performance.now() - start) * 1e6);
    }
    return times;
  }

  /** Frees the program's memory; storages other than constants stay with the {@linkcode Gpu}. */
  destroy(): void {
    this.#owned.forEach((buffer) => this.#gpu.destroyBuffer(buffer));
    this.#gpu.release(...this.#constants);
    if (this.#staging) this.#gpu.destroyBuffer(this.#staging);
    this.#staging = undefined;
    this.#owned = [];
    this.#commands = [];
  }
}

/**
 * Runs `make`, which makes buffers and uses them. A buffer without memory makes every use of it
 * invalid, so what is said of those uses doesn't count.
 *
 * @throws {DeviceLimitError} when the GPU has no memory for them
 * @throws {Error} when a command makes no sense for another reason
 */
async function withinMemory<T>(device: GPUDevice, make: () => T): Promise<T> {
  device.pushErrorScope("validation");
  device.pushErrorScope("out-of-memory");
  const [made, full, invalid] = await Promise.all([
    new Promise<T>((resolve) => resolve(make())),
    device.popErrorScope(),
    device.popErrorScope(),
  ]);
  if (full) throw new DeviceLimitError(`The GPU has too little memory for this; ${SMALLER}`);
  if (invalid) throw new Error(`The GPU refused a command: ${invalid.message}`);
  return made;
}

function encodePass(encoder: GPUCommandEncoder, commands: readonly Command[]): void {
  const pass = encoder.beginComputePass();
  for (const command of commands) encode(pass, command);
  pass.end();
}

function encode(pass: GPUComputePassEncoder, { pipeline, bindings, dispatch }: Command): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindings);
  pass.dispatchWorkgroups(...dispatch.launch.workgroups);
}
