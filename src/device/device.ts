/**
 * The interface of every device, as the rest of the library uses it.
 *
 * @module
 */
import type { Plan } from "../graph/plan.ts";
import type { Storage, Tensor } from "../graph/tensor.ts";

/** A device: it holds storages and replays programs, in the order of queueing. */
export interface Device {
  /** Which kind it is. */
  readonly backend: "webgpu" | "cpu";
  /** Description for people: the adapter's name, or the CPU's threads and arithmetic. */
  readonly description: string;
  /**
   * The computing device, as files record it: `cpu fused`, `cpu exact`, or `webgpu` with the
   * adapter's name. Two devices of the same provenance and, on a GPU, driver give the same bits.
   */
  readonly provenance: string;
  /** Whether parameters and activations can be f16. */
  readonly supportsF16: boolean;
  /** Bytes held at this moment. */
  readonly bytes: number;

  /**
   * Compiles a plan for replay.
   *
   * @internal
   * @throws {DeviceLimitError} when the device can't hold it
   */
  compile<Phase extends string>(plan: Plan<Phase>): Promise<Program<Phase>>;

  /**
   * Queues replays of a program, each after its own writes; a GPU gets them in one submission.
   *
   * @internal
   * @param steps what {@linkcode Device.write} would be given before each replay
   * @throws {RangeError} as `write` and {@linkcode Program.run} do
   */
  replay<Phase extends string>(
    program: Program<Phase>,
    phases: readonly Phase[],
    steps: readonly (readonly Input[])[],
  ): void;

  /**
   * Queues a write of `data` to the beginning of a tensor that has a storage. `data` can change as
   * soon as this returns.
   *
   * @internal
   * @throws {RangeError} when the tensor is pooled, too small or of another type
   */
  write(tensor: Tensor, data: DeviceData): void;

  /**
   * Reads a tensor that has a storage, after all work queued so far; f16 is widened.
   *
   * @internal
   */
  read(tensor: Tensor): Promise<Float32Array<ArrayBuffer>>;

  /**
   * Frees the memory of storages that no plan will use again.
   *
   * @internal
   */
  release(...storages: readonly Storage[]): void;

  /** Waits for all work queued so far. */
  idle(): Promise<void>;

  /** Throws the device's fault, if it has one; the device is unusable then. */
  check(): void;

  /** Gives the device back, with all its memory. */
  destroy(): void;
}

/** A write: the tensor, and its data. */
export type Input = readonly [tensor: Tensor, data: DeviceData];

/** Data to write to a storage; halves as such, or as their bits. */
export type DeviceData =
  | Float32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Float16Array<ArrayBuffer>;

/** A plan that can be replayed. Made by {@linkcode Device.compile}. */
export interface Program<Phase extends string = string> {
  /**
   * Queues one replay of some phases, in the order of recording.
   *
   * @param phases default: all
   * @throws {RangeError} when the plan has no phase of that name
   */
  run(phases?: readonly Phase[]): void;

  /** Replays some phases once and times each operation. */
  profile(phases?: readonly Phase[]): Promise<OperationProfile[]>;

  /** Frees the program's memory; storages other than constants stay with the device. */
  destroy(): void;
}

/** Time and work of one kind of operation in a step, the longest first. */
export interface OperationProfile {
  /** The operation, or on a GPU the kernel. */
  readonly name: string;
  /** How many there are in a step. */
  readonly count: number;
  /** All of them together. */
  readonly milliseconds: number;
  /** Floating-point operations, 0 where they aren't counted. */
  readonly flops: number;
  /** Bytes of all operands, each counted once. */
  readonly bytes: number;
}
