/// <reference types="@webgpu/types" />
/**
 * A plan made ready for WebGPU: buffers placed, pipelines compiled, bind groups made. Replaying it
 * encodes one compute pass and submits once; it allocates nothing.
 *
 * @module
 */
import type { Gpu } from "./device.ts";
import {
  ALIGNMENT,
  bytesOfOne,
  type Dispatch,
  type Plan,
  type Storage,
  type Tensor,
} from "./plan.ts";
import { bufferBytes, PARAMS_STRIDE, place } from "./pool.ts";

/** The most timestamps that a WebGPU query set holds. */
const MAX_QUERIES = 4096;

interface Command {
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  readonly dispatch: Dispatch;
}

/** Time and work of one kind of kernel in a step. */
export interface KernelProfile {
  /** What it computes. */
  readonly name: string;
  /** Dispatches in a step. */
  readonly count: number;
  /** All of them together. */
  readonly milliseconds: number;
  /** Floating-point operations, 0 where they aren't counted. */
  readonly flops: number;
}

/** A plan that can be replayed. Made by {@linkcode Program.compile}. */
export class Program {
  #gpu: Gpu;
  #commands: Command[];
  #owned: GPUBuffer[];
  #constants: readonly Storage[];

  private constructor(
    gpu: Gpu,
    commands: Command[],
    owned: GPUBuffer[],
    constants: readonly Storage[],
  ) {
    this.#gpu = gpu;
    this.#commands = commands;
    this.#owned = owned;
    this.#constants = constants;
  }

  /** Compiles the kernels of a plan (all at once) and places its activations. */
  static async compile(gpu: Gpu, plan: Plan): Promise<Program> {
    const { dispatches } = plan;
    const pipelines = await Promise.all(dispatches.map(({ launch }) => gpu.pipeline(launch)));
    const { STORAGE, UNIFORM, COPY_DST } = GPUBufferUsage;
    const owned: GPUBuffer[] = [];
    const constants = dispatches.flatMap(({ tensors }) =>
      tensors.flatMap(({ storage }) => storage?.contents ? [storage] : [])
    );
    try {
      const { slotOf, sizes } = place(dispatches);
      for (const size of sizes) owned.push(gpu.createBuffer("activations", size * 4, STORAGE));
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
      const commands = dispatches.map((dispatch, index): Command => {
        const pipeline = pipelines[index];
        const resources = dispatch.tensors.map((tensor) => {
          const slot = slotOf.get(tensor);
          return slot === undefined
            ? bound(gpu.memory(tensor.storage!), tensor)
            : { buffer: owned[slot], size: Math.ceil(tensor.size / 4) * 16 };
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
      return new Program(gpu, commands, owned, constants);
    } catch (error) {
      owned.forEach((buffer) => gpu.destroyBuffer(buffer));
      gpu.release(...constants);
      throw error;
    }
  }

  /** Queues one replay, of the named sections only. */
  run(...sections: string[]): void {
    const encoder = this.#gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const command of this.#commands) {
      if (sections.length === 0 || sections.includes(command.dispatch.section)) {
        encode(pass, command);
      }
    }
    pass.end();
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  /**
   * Replays once with a pass and two timestamps for each dispatch, and adds the times up by kernel.
   * Where the adapter has no timestamps (or too few), each dispatch is timed from the host instead.
   */
  async profile(): Promise<KernelProfile[]> {
    const timed = this.#gpu.device.features.has("timestamp-query") &&
      2 * this.#commands.length <= MAX_QUERIES;
    const nanoseconds = timed ? await this.#timestamps() : await this.#hostTimes();
    const profiles = new Map<string, { count: number; milliseconds: number; flops: number }>();
    this.#commands.forEach(({ dispatch: { launch } }, index) => {
      const entry = profiles.get(launch.name) ?? { count: 0, milliseconds: 0, flops: 0 };
      entry.count++;
      entry.milliseconds += nanoseconds[index] / 1e6;
      entry.flops += launch.flops ?? 0;
      profiles.set(launch.name, entry);
    });
    return [...profiles].map(([name, entry]) => ({ name, ...entry }))
      .sort((a, b) => b.milliseconds - a.milliseconds);
  }

  async #timestamps(): Promise<number[]> {
    const { device } = this.#gpu;
    const count = this.#commands.length * 2;
    const querySet = device.createQuerySet({ type: "timestamp", count });
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const resolved = this.#gpu.createBuffer("timestamps", count * 8, QUERY_RESOLVE | COPY_SRC);
    const staging = this.#gpu.createBuffer("timestamps", count * 8, MAP_READ | COPY_DST);
    try {
      const encoder = device.createCommandEncoder();
      this.#commands.forEach((command, index) => {
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
      await staging.mapAsync(GPUMapMode.READ);
      const stamps = new BigUint64Array(staging.getMappedRange());
      return this.#commands.map((_, index) => Number(stamps[2 * index + 1] - stamps[2 * index]));
    } finally {
      querySet.destroy();
      this.#gpu.destroyBuffer(resolved);
      this.#gpu.destroyBuffer(staging);
    }
  }

  async #hostTimes(): Promise<number[]> {
    const times: number[] = [];
    for (const command of this.#commands) {
      const start = performance.now();
      const encoder = this.#gpu.device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      encode(pass, command);
      pass.end();
      this.#gpu.device.queue.submit([encoder.finish()]);
      await this.#gpu.idle();
      times.push((performance.now() - start) * 1e6);
    }
    return times;
  }

  /** Frees what the program owns; storages but constants stay with the {@linkcode Gpu}. */
  destroy(): void {
    this.#owned.forEach((buffer) => this.#gpu.destroyBuffer(buffer));
    this.#gpu.release(...this.#constants);
    this.#owned = [];
    this.#commands = [];
  }
}

function encode(pass: GPUComputePassEncoder, { pipeline, bindings, dispatch }: Command): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindings);
  pass.dispatchWorkgroups(...dispatch.launch.workgroups);
}

/** A binding may begin at aligned offsets only: what lies before is the kernel's `origin`. */
export function bound(buffer: GPUBuffer, { offset, size, storage }: Tensor): GPUBufferBinding {
  const each = bytesOfOne(storage?.type);
  const start = Math.floor(offset * each / ALIGNMENT) * ALIGNMENT;
  const end = Math.min(bufferBytes((offset + size) * each), buffer.size);
  return { buffer, offset: start, size: end - start };
}
