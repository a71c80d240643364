/// <reference types="@webgpu/types" />
/**
 * The GPU: device, pipelines shared by their text, and memory that outlives a plan.
 *
 * @module
 */
import type { Launch } from "../../../kernels/wgsl/kernel.ts";
import type { Plan } from "../../graph/plan.ts";
import { checkOptions, type OptionSchema } from "../../options/schema.ts";
import { bytesOfOne, type Storage, type Tensor } from "../../graph/tensor.ts";
import { deferred } from "../deferred.ts";
import type { Device, DeviceData, Input, Program } from "../device.ts";
import { readableStorage, writableStorage } from "../host_access.ts";
import { DeviceLostError, NoGpuError } from "../errors.ts";
import { fromFloat16 } from "../float16.ts";
import { adapterAdvice, requestAdapter } from "./adapter.ts";
import { bufferBytes, expectWithin } from "./binding.ts";
import { quietMesa } from "./quiet_mesa.ts";
import { lower } from "./lowering.ts";
import { type BufferWrite, WebGpuProgram } from "./program.ts";
import { type TileMemory, Tuner } from "./tuner.ts";

/** How {@linkcode requestGpu} chooses. */
export interface GpuOptions {
  /** The adapter to prefer where there are several. Default "high-performance". */
  readonly powerPreference?: "low-power" | "high-performance";
  /**
   * Whether parameters and activations can be f16 where the adapter has `shader-f16`, in half the
   * memory. Default true; false is for tests and benchmarks.
   */
  readonly f16?: boolean;
  /**
   * Whether an adapter that computes on the CPU (Mesa's llvmpipe, SwiftShader, and their like) is
   * acceptable. Default true.
   */
  readonly software?: boolean;
  /**
   * Whether to measure which kernels are the fastest for a network's matrix products, in some 3
   * seconds when a new one is compiled; a {@linkcode TileMemory} keeps the choice for the next program. No
   * result depends on it. Software adapters and those without timestamps measure nothing. Default
   * false.
   */
  readonly tune?: boolean | TileMemory;
}

/** Which values these take. */
export const GPU_OPTIONS = {
  powerPreference: { enum: ["low-power", "high-performance"] },
  f16: { type: "boolean" },
  software: { type: "boolean" },
  tune: { oneOf: [{ type: "boolean" }, { type: "Object" }] },
} as const satisfies Record<keyof GpuOptions, OptionSchema>;

// The limits worth raising above WebGPU's defaults; the others never bind here.
const wanted = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
] as const;

/**
 * Asks for a GPU.
 *
 * @throws {NoGpuError} with its reason and advice, when there is no WebGPU, no adapter, none that
 * is acceptable, or it gives no device
 * @throws {RangeError} when an option is unknown or makes no sense
 */
export async function requestGpu(options: GpuOptions = {}): Promise<Gpu> {
  checkOptions(GPU_OPTIONS, options, "option");
  quietMesa();
  const { f16 = true, software = true, powerPreference = "high-performance", tune } = options;
  const adapter = await requestAdapter(powerPreference);
  if (!software && isSoftware(adapter.info)) {
    throw new NoGpuError(
      `WebGPU found a software adapter only: ${nameOf(adapter.info)}`,
      "software",
    );
  }
  const requiredLimits: Record<string, number> = {};
  for (const limit of wanted) requiredLimits[limit] = adapter.limits[limit];
  const requiredFeatures = (["timestamp-query", ...f16 ? ["shader-f16"] as const : []] as const)
    .filter((feature) => adapter.features.has(feature));
  let device: GPUDevice;
  try {
    device = await adapter.requestDevice({
      requiredLimits,
      requiredFeatures,
    });
  } catch (error) {
    throw new NoGpuError(
      `The adapter gave no device (${(error as Error).message}): ${adapterAdvice()}`,
      "device",
    );
  }
  return new Gpu(device, adapter.info, tune);
}

/** An adapter's name for people. */
function nameOf({ vendor, architecture, description }: GPUAdapterInfo): string {
  return description || [vendor, architecture].filter((part) => part).join(" ") || "unknown GPU";
}

/** Software adapters by the names that they go by: Mesa, SwiftShader, Windows. */
function isSoftware(info: GPUAdapterInfo): boolean {
  const names = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return /llvmpipe|lavapipe|swiftshader|software|basic render/i.test(names);
}

/** A GPU through WebGPU, with its pipelines and buffers. Made by {@linkcode requestGpu}. */
export class Gpu implements Device {
  /** Which kind of device it is. */
  readonly backend = "webgpu";
  #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  #memory = new Map<Storage, GPUBuffer>();
  #bytes = 0;
  #destroyed = false;
  #fault: DeviceLostError | undefined;
  /** Calls to make on a fault, one for each awaited promise. */
  #waiting = new Set<(fault: DeviceLostError) => void>();
  #tuner: Tuner | undefined;

  /** Use {@linkcode requestGpu}. */
  constructor(
    readonly device: GPUDevice,
    readonly info: GPUAdapterInfo,
    tune: boolean | TileMemory = false,
  ) {
    if (tune && !this.isSoftware && device.features.has("timestamp-query")) {
      this.#tuner = new Tuner(this, this.description, tune === true ? undefined : tune);
    }
    device.lost.then(({ reason, message }) => {
      if (reason !== "destroyed") this.#fail(`The GPU was lost: ${message}`);
    });
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { message } = (event as GPUUncapturedErrorEvent).error;
      this.#fail(`The GPU refused a command: ${message}`);
    });
  }

  /** The adapter's name, as its driver gives it. */
  get description(): string {
    return nameOf(this.info);
  }

  /** The computing device, as files record it. */
  get provenance(): string {
    return `webgpu ${this.description}`;
  }

  /** Whether the adapter computes on the CPU: Mesa's llvmpipe, SwiftShader, and their like. */
  get isSoftware(): boolean {
    return isSoftware(this.info);
  }

  /** Whether kernels can read and write half precision. */
  get supportsF16(): boolean {
    return this.device.features.has("shader-f16");
  }

  /**
   * Compiles the kernels of a plan (all at once) and places its activations.
   *
   * @internal
   * @throws {DeviceLimitError} when the adapter can't hold it
   */
  async compile<Phase extends string>(plan: Plan<Phase>): Promise<Program<Phase>> {
    await this.#tuner?.learn(plan);
    return await WebGpuProgram.compile(this, plan.phases, lower(plan, this.#tuner));
  }

  #fail(message: string): void {
    this.#fault ??= new DeviceLostError(message);
    for (const reject of this.#waiting) reject(this.#fault);
  }

  /** Waits for a promise that a lost device may never settle. */
  async #answer(promise: Promise<unknown>): Promise<void> {
    const { promise: fault, reject } = deferred<never>();
    this.#waiting.add(reject);
    try {
      await Promise.race([promise, fault]);
    } catch (error) {
      this.check();
      throw new DeviceLostError(`The GPU did not answer: ${(error as Error).message}`);
    } finally {
      this.#waiting.delete(reject);
    }
    this.check();
  }

  /** Bytes of GPU buffers held at this moment. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Throws the device's fault, if it has one; the device is unusable then. */
  check(): void {
    if (this.#fault) throw this.#fault;
  }

  /**
   * The pipeline of a kernel; compiled once for each different text.
   *
   * @internal
   */
  pipeline({ code, name }: Launch): Promise<GPUComputePipeline> {
    let pipeline = this.#pipelines.get(code);
    if (pipeline === undefined) {
      pipeline = this.#compile(code, name);
      this.#pipelines.set(code, pipeline);
    }
    return pipeline;
  }

  async #compile(code: string, label: string): Promise<GPUComputePipeline> {
    // The scope keeps an invalid shader from counting as a fault of the device.
    this.device.pushErrorScope("validation");
    const module = this.device.createShaderModule({ code, label });
    await this.device.popErrorScope();
    try {
      return await this.device.createComputePipelineAsync({
        label,
        layout: "auto",
        compute: { module, entryPoint: "main" },
      });
    } catch (error) {
      const { messages } = await module.getCompilationInfo();
      const lines = messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
      throw new Error(
        `Kernel "${label}" does not compile: ${(error as Error).message}\n${
          lines.join("\n")
        }\n${code}`,
      );
    }
  }

  /**
   * Makes a buffer and counts it.
   *
   * @internal
   */
  createBuffer(label: string, bytes: number, usage: GPUBufferUsageFlags): GPUBuffer {
    expectWithin(this.device.limits, "maxBufferSize", bytes, label);
    const buffer = this.device.createBuffer({ label, size: bufferBytes(bytes), usage });
    this.#bytes += buffer.size;
    return buffer;
  }

  /**
   * Frees a buffer made by `createBuffer`.
   *
   * @internal
   */
  destroyBuffer(buffer: GPUBuffer): void {
    // A device that is gone has taken its buffers along.
    if (!this.#destroyed) this.#bytes -= buffer.size;
    buffer.destroy();
  }

  /**
   * Whether a storage has a buffer.
   *
   * @internal
   */
  holds(storage: Storage): boolean {
    return this.#memory.has(storage);
  }

  /**
   * The buffer behind a storage; a new one holds the storage's contents or zeros.
   *
   * @internal
   */
  memory(storage: Storage): GPUBuffer {
    let buffer = this.#memory.get(storage);
    if (buffer === undefined) {
      const { STORAGE, UNIFORM, COPY_SRC, COPY_DST } = GPUBufferUsage;
      // A uniform binding needs the whole buffer declared for it, and only small ones are bound so.
      const usage = STORAGE | COPY_SRC | COPY_DST | (storage.bytes <= 256 ? UNIFORM : 0);
      buffer = this.createBuffer(storage.name, storage.bytes, usage);
      if (storage.contents) this.#upload(buffer, 0, storage.contents);
      this.#memory.set(storage, buffer);
    }
    return buffer;
  }

  /**
   * Frees the memory of storages that no plan will use again.
   *
   * @internal
   */
  release(...storages: readonly Storage[]): void {
    for (const storage of storages) {
      const buffer = this.#memory.get(storage);
      if (buffer === undefined) continue;
      this.destroyBuffer(buffer);
      this.#memory.delete(storage);
    }
  }

  /**
   * Queues replays of a program in one submission, each after its own writes.
   *
   * @internal
   */
  replay<Phase extends string>(
    program: Program<Phase>,
    phases: readonly Phase[],
    steps: readonly (readonly Input[])[],
  ): void {
    const writes = steps.map((inputs) => inputs.map(([tensor, data]) => this.#into(tensor, data)));
    (program as WebGpuProgram<Phase>).replay(phases, writes);
  }

  /**
   * Queues a write of `data` to the beginning of a tensor that has a storage.
   *
   * @internal
   */
  write(tensor: Tensor, data: DeviceData): void {
    const { buffer, offset } = this.#into(tensor, data);
    this.#upload(buffer, offset, data);
  }

  #into(tensor: Tensor, data: DeviceData): BufferWrite {
    const storage = writableStorage(tensor, data);
    const offset = tensor.offset * bytesOfOne(storage.type);
    return { buffer: this.memory(storage), offset, data };
  }

  /** Deno 2.9.6 panics when it writes nothing. */
  #upload(buffer: GPUBuffer, offset: number, data: DeviceData): void {
    if (data.length > 0) this.device.queue.writeBuffer(buffer, offset, data);
  }

  /**
   * Reads a tensor that has a storage, after all work queued so far; f16 is widened.
   *
   * @internal
   */
  async read(tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
    const { offset, size } = tensor;
    const storage = readableStorage(tensor);
    const each = bytesOfOne(storage.type);
    const staging = this.createBuffer(
      "readback",
      size * each,
      GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    );
    try {
      const encoder = this.device.createCommandEncoder();
      const bytes = Math.ceil(size * each / 4) * 4;
      encoder.copyBufferToBuffer(this.memory(storage), offset * each, staging, 0, bytes);
      this.device.queue.submit([encoder.finish()]);
      await this.#answer(staging.mapAsync(GPUMapMode.READ));
      const raw = staging.getMappedRange().slice(0, size * each);
      return each === 2 ? fromFloat16(new Uint16Array(raw)) : new Float32Array(raw);
    } finally {
      this.destroyBuffer(staging);
    }
  }

  /** Waits for all work queued so far. */
  async idle(): Promise<void> {
    await this.#answer(this.device.queue.onSubmittedWorkDone());
  }

  /** Gives the device back, with all its memory. */
  destroy(): void {
    this.#destroyed = true;
    this.device.destroy();
    this.#memory.clear();
    this.#bytes = 0;
  }
}
