/**
 * A plan: one step of work recorded as plain data (operations on tensors) and, for training, the
 * closures that record its backward pass. It knows nothing of devices; a device compiles it into a
 * program, which replays it.
 *
 * @module
 */
import type { FloatType, OperandsOf, OpName, SizesOf } from "./ops.ts";

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
  /** Where it lives; `undefined` for an activation, which the device places in its pool. */
  readonly storage?: Storage;
  /** First element within `storage`. */
  readonly offset: number;
  /** Whether the backward pass is to give this tensor a gradient. */
  readonly tracked: boolean;
  /** For a parameter: where its gradient is written. */
  readonly gradient?: Tensor;
}

/** One recorded operation. */
export interface Operation<N extends OpName = OpName, Phase extends string = string> {
  readonly name: N;
  readonly sizes: SizesOf<N>;
  readonly operands: OperandsOf<N>;
  /** Which part of the step it belongs to, see {@linkcode Plan.phase}. */
  readonly phase: Phase;
}

const elements = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Bytes of a number. */
export function bytesOfOne(type: FloatType = "f32"): 2 | 4 {
  return type === "f16" ? 2 : 4;
}

/** What numbers a tensor holds. */
export function typeOf({ storage }: Tensor): FloatType {
  return storage?.type ?? "f32";
}

/** Makes a tensor in memory of its own that the host can write and read. */
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

/** A tensor in the pool, without gradient: an intermediate result. */
export function temporary(...shape: number[]): Tensor {
  return { shape, size: elements(shape), offset: 0, tracked: false };
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

/** Records operations and, in reverse, their adjoints. */
export class Plan<Phase extends string = "step"> {
  /** Everything recorded so far, in order. */
  readonly operations: Operation<OpName, Phase>[] = [];
  /** The names that {@linkcode Plan.phase} accepts. */
  readonly phases: readonly Phase[];
  #backward: (() => void)[] = [];
  #gradients = new Map<Tensor, Tensor>();
  #recording = true;
  #phase: Phase;

  /** @param phases names of the parts of the step; what is recorded outside belongs to the first */
  constructor(...phases: [Phase, ...Phase[]] | ([Phase] extends ["step"] ? [] : never)) {
    this.phases = phases.length > 0 ? phases : ["step" as Phase];
    this.#phase = this.phases[0];
  }

  /** A pooled result of an operation on `inputs`, tracked when one of them is. */
  activation(shape: readonly number[], inputs: readonly (Tensor | undefined)[] = []): Tensor {
    const tracked = this.#recording && inputs.some((input) => input?.tracked);
    return { ...temporary(...shape), tracked };
  }

  /** Records one operation of the table in ops.ts. */
  record<N extends OpName>(name: N, sizes: SizesOf<N>, operands: OperandsOf<N>): void {
    this.operations.push({ name, sizes, operands, phase: this.#phase });
  }

  /**
   * Records what `build` does as a part of the step, so that a replay can leave it out.
   *
   * @throws {RangeError} when the plan has no phase of that name
   */
  phase<T>(name: Phase, build: () => T): T {
    if (!this.phases.includes(name)) throw new RangeError(`The plan has no phase "${name}"`);
    const outer = this.#phase;
    this.#phase = name;
    try {
      return build();
    } finally {
      this.#phase = outer;
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

  /** Leaves `record` to be called, in reverse order, by {@linkcode Plan.backward}. */
  onBackward(output: Tensor, record: (gradient: Tensor) => void): void {
    if (!output.tracked) return;
    this.#backward.push(() => {
      const gradient = this.#gradients.get(output);
      if (gradient !== undefined) record(gradient);
    });
  }

  /**
   * Where to write a part of the gradient of `tensor`: its buffer, and whether an earlier part
   * already lies there and has to be added to.
   */
  gradientFor(tensor: Tensor): { gradient: Tensor; accumulate: boolean } {
    const known = this.#gradients.get(tensor);
    if (known !== undefined) return { gradient: known, accumulate: true };
    const gradient = tensor.gradient ?? temporary(...tensor.shape);
    this.#gradients.set(tensor, gradient);
    return { gradient, accumulate: false };
  }

  /**
   * Where to write the whole gradient of `tensor`, for operations that can't add to it.
   *
   * @throws {RangeError} when another use of the tensor has written to its gradient already
   */
  newGradient(tensor: Tensor): Tensor {
    const { gradient, accumulate } = this.gradientFor(tensor);
    if (accumulate) {
      throw new RangeError(
        `Cannot use a tensor (${tensor.shape}) twice where its gradient is written whole`,
      );
    }
    return gradient;
  }

  /**
   * Forwards the finished gradient of an operation's output to one of its inputs unchanged (as a
   * residual does). The input takes the buffer over, so call this when nothing reads it as the
   * output's gradient any more.
   */
  forwardGradient(gradient: Tensor, to: Tensor): void {
    if (!to.tracked) return;
    if (to.gradient) throw new RangeError("Cannot forward a gradient to a parameter");
    const known = this.#gradients.get(to);
    if (known === undefined) this.#gradients.set(to, gradient);
    else this.record("add", { size: to.size }, { x: gradient, y: known });
  }

  /** Records the backward pass, from `loss` whose gradient has been written to `gradient`. */
  backward(loss: Tensor, gradient: Tensor): void {
    this.#gradients.set(loss, gradient);
    for (const record of this.#backward.reverse()) record();
    this.#backward = [];
    this.#gradients.clear();
  }
}
