/**
 * A plan: one step of work recorded as plain data (buffers, kernels, dispatches) and, for training,
 * the closures that record its backward pass. Nothing here touches WebGPU; an executor replays it.
 *
 * @module
 */
import type { Launch } from "../../kernels/kernel.ts";
import { addInto } from "../../kernels/elementwise.ts";
import type { FloatType } from "../../kernels/parameter.ts";

/** A region of memory that outlives a plan's replay: a slab of parameters, an input, a result. */
export interface Storage {
  readonly name: string;
  /** Bytes. */
  readonly bytes: number;
  /** What numbers it holds: f32 (or u32), unless it is a slab of parameters in f16. */
  readonly type?: FloatType;
  /** What it always holds, where that is known: see {@linkcode constant}. */
  readonly contents?: Float32Array<ArrayBuffer>;
}

/** An array on the device, dense and row-major, of the numbers of its storage; f32 without one. */
export interface Tensor {
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** Where it lives; `undefined` for an activation, which the executor places in its pool. */
  readonly storage?: Storage;
  /** First element within `storage`. */
  readonly offset: number;
  /** Whether the backward pass is to give this tensor a gradient. */
  readonly tracked: boolean;
  /** For a parameter: where its gradient is written. */
  readonly gradient?: Tensor;
}

/** One recorded dispatch. */
export interface Dispatch {
  readonly launch: Launch;
  /** Bound in the order of `launch.bindings`. */
  readonly tensors: readonly Tensor[];
  /** Which part of the step this belongs to, see {@linkcode Plan.section}. */
  readonly section: string;
}

/** Which kernels suit the adapter: wide register tiles straight from storage, or workgroup tiles. */
export type AdapterKind = "software" | "hardware";

const elements = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Bytes of a number. */
export function bytesOfOne(type: FloatType = "f32"): 2 | 4 {
  return type === "f16" ? 2 : 4;
}

/** Bytes at multiples of which a binding may begin: WebGPU's default minStorageBufferOffsetAlignment. */
export const ALIGNMENT = 256;

/** Elements at multiples of which a binding may begin. */
export function alignedElements(type?: FloatType): number {
  return ALIGNMENT / bytesOfOne(type);
}

/** The first element of a tensor within its binding. */
export function originOf({ offset, storage }: Tensor): number {
  return offset % alignedElements(storage?.type);
}

/** What numbers a tensor holds. */
export function typeOf({ storage }: Tensor): FloatType {
  return storage?.type ?? "f32";
}

/** Makes a tensor in memory of its own that the host may write and read. */
export function persistent(name: string, shape: readonly number[]): Tensor {
  const size = elements(shape);
  return { shape, size, storage: { name, bytes: size * 4 }, offset: 0, tracked: false };
}

/** A tensor that holds `values` and is never written; it lives as long as the plan's program. */
export function constant(
  name: string,
  shape: readonly number[],
  values: Float32Array<ArrayBuffer>,
): Tensor {
  const { size, storage, ...rest } = persistent(name, shape);
  if (values.length !== size) {
    throw new RangeError(`Cannot make ${name} (${shape}) of ${values.length} numbers`);
  }
  return { ...rest, size, storage: { ...storage!, contents: values } };
}

/** A window onto a tensor: `shape` starting at element `start`; a parameter's gradient goes along. */
export function view(tensor: Tensor, start: number, shape: readonly number[]): Tensor {
  const size = elements(shape);
  if (tensor.storage === undefined) throw new RangeError("Cannot view an activation: it is pooled");
  const { gradient } = tensor;
  return {
    ...tensor,
    shape,
    size,
    offset: tensor.offset + start,
    gradient: gradient && view(gradient, start, shape),
  };
}

/** Records dispatches and, in reverse, their adjoints. */
export class Plan {
  /** Everything recorded so far, in order. */
  readonly dispatches: Dispatch[] = [];
  #backward: (() => void)[] = [];
  #gradients = new Map<Tensor, Tensor>();
  #derived = new Map<Storage, Map<string, Tensor>>();
  #recording = true;
  #section = "step";

  /** @param adapter the kind of adapter that kernels are chosen for */
  constructor(readonly adapter: AdapterKind) {}

  /** A pooled result of an operation on `inputs`, tracked when one of them is. */
  activation(shape: readonly number[], inputs: readonly (Tensor | undefined)[] = []): Tensor {
    const tracked = this.#recording && inputs.some((input) => input?.tracked);
    return { shape, size: elements(shape), offset: 0, tracked };
  }

  /**
   * Records one dispatch.
   *
   * @param launch the kernel and its sizes
   * @param tensors bound in the order of `launch.bindings`; `undefined` entries are left out
   * @throws {RangeError} when their number is not what the kernel binds
   */
  dispatch(launch: Launch, tensors: readonly (Tensor | undefined)[]): void {
    const bound = tensors.filter((tensor) => tensor !== undefined);
    if (bound.length !== launch.bindings.length) {
      throw new RangeError(
        `Cannot dispatch ${launch.name}: it binds ${launch.bindings.length} buffers, got ${bound.length}`,
      );
    }
    this.dispatches.push({ launch, tensors: bound, section: this.#section });
  }

  /** Records what `build` does under a name, so that a replay can leave it out. */
  section<T>(name: string, build: () => T): T {
    const outer = this.#section;
    this.#section = name;
    try {
      return build();
    } finally {
      this.#section = outer;
    }
  }

  /** Records what `build` does without its backward pass: no gradient flows through it. */
  withoutGradient<T>(build: () => T): T {
    const outer = this.#recording;
    this.#recording = false;
    try {
      return build();
    } finally {
      this.#recording = outer;
    }
  }

  /**
   * What `make` records from a tensor in a storage, recorded once for all who ask. Only for
   * storages that nothing writes before the last of them.
   */
  derived(from: Tensor, make: () => Tensor): Tensor {
    const { storage, offset, shape } = from;
    if (storage === undefined) {
      throw new RangeError("Cannot derive from an activation: it may change");
    }
    const known = this.#derived.get(storage) ?? new Map<string, Tensor>();
    this.#derived.set(storage, known);
    // What one section records, a replay of another may lack.
    const key = `${this.#section} ${offset} ${shape}`;
    const tensor = known.get(key) ?? make();
    known.set(key, tensor);
    return tensor;
  }

  /** Leaves `record` to be called, in reverse order, by {@linkcode Plan.backward}. */
  onBackward(output: Tensor, record: (gradient: Tensor) => void): void {
    if (!output.tracked) return;
    this.#backward.push(() => {
      const gradient = this.#gradients.get(output);
      if (gradient !== undefined) record(gradient);
    });
  }

  /**
   * Where to write a share of the gradient of `tensor`: its buffer, and whether an earlier share
   * already lies there and has to be added to.
   */
  share(tensor: Tensor): { gradient: Tensor; accumulate: boolean } {
    const known = this.#gradients.get(tensor);
    if (known !== undefined) return { gradient: known, accumulate: true };
    const gradient = tensor.gradient ?? this.activation(tensor.shape);
    this.#gradients.set(tensor, gradient);
    return { gradient, accumulate: false };
  }

  /**
   * Where to write the whole gradient of `tensor`, for operations that can't add to it.
   *
   * @throws {RangeError} when another use of the tensor has written a share already
   */
  fresh(tensor: Tensor): Tensor {
    const { gradient, accumulate } = this.share(tensor);
    if (accumulate) {
      throw new RangeError(
        `Cannot use a tensor (${tensor.shape}) twice where its gradient is written whole`,
      );
    }
    return gradient;
  }

  /**
   * Passes the finished gradient of an operation's output on to one of its inputs unchanged (as a
   * residual does). The input takes the buffer over, so this is called when nothing reads it as
   * the output's gradient any more.
   */
  pass(gradient: Tensor, to: Tensor): void {
    if (!to.tracked) return;
    if (to.gradient) throw new RangeError("Cannot pass a gradient on to a parameter");
    const known = this.#gradients.get(to);
    if (known === undefined) this.#gradients.set(to, gradient);
    else this.dispatch(addInto({ size: to.size }), [gradient, known]);
  }

  /** Records the backward pass, from `loss` whose gradient has been written to `gradient`. */
  backward(loss: Tensor, gradient: Tensor): void {
    this.#gradients.set(loss, gradient);
    for (const record of this.#backward.reverse()) record();
    this.#backward = [];
    this.#gradients.clear();
  }
}
