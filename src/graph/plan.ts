/**
 * A plan: one step of work recorded as plain data (operations on tensors) and, for training, the
 * closures that record its backward pass. It is independent of devices; a device compiles it into a
 * program, which replays it.
 *
 * @module
 */
import type { OperandsOf, OpName, SizesOf } from "./ops.ts";
import type { FloatType } from "../../kernels/shapes.ts";
import { temporary, type Tensor } from "./tensor.ts";

/** One recorded operation. */
export interface Operation<N extends OpName = OpName, Phase extends string = string> {
  readonly name: N;
  readonly sizes: SizesOf<N>;
  readonly operands: OperandsOf<N>;
  /** Which part of the step it belongs to, see {@linkcode Plan.phase}. */
  readonly phase: Phase;
}

/** Records operations and, in reverse, their adjoints. */
export class Plan<Phase extends string = "step"> {
  /** Everything recorded so far, in order. */
  readonly operations: Operation<OpName, Phase>[] = [];
  /** Type of the activations that are recorded from now on, and of their gradients. */
  activations: FloatType = "f32";
  /** The names that {@linkcode Plan.phase} accepts. */
  readonly phases: readonly Phase[];
  #backward: (() => void)[] = [];
  #gradients = new Map<Tensor, Tensor>();
  #recording = true;
  #phase: Phase;

  /**
   * @param phases names of the parts of the step; operations recorded outside belong to the first
   */
  constructor(...phases: [Phase, ...Phase[]] | ([Phase] extends ["step"] ? [] : never)) {
    this.phases = phases.length > 0 ? phases : ["step" as Phase];
    this.#phase = this.phases[0];
  }

  /** A pooled result of an operation on `inputs`, tracked when one of them is. */
  activation(
    shape: readonly number[],
    inputs: readonly (Tensor | undefined)[] = [],
    type: FloatType = this.activations,
  ): Tensor {
    const tracked = this.#recording && inputs.some((input) => input?.tracked);
    return { ...temporary(...shape), type, tracked };
  }

  /** Records one operation of the table in ops.ts. */
  record<N extends OpName>(name: N, sizes: SizesOf<N>, operands: OperandsOf<N>): void {
    this.operations.push({ name, sizes, operands, phase: this.#phase });
  }

  /**
   * Records the operations of `build` as a part of the step that a replay can leave out.
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

  /** Records the operations of `build` without their backward pass: no gradient flows through. */
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
   * Records `build`, whose activations the backward pass computes again from its inputs instead of
   * keeping them (gradient checkpointing; Chen et al. 2016, arXiv 1604.06174).
   *
   * @param build is called twice, and must record the same operations both times
   * @returns the tensor that `build` returns
   */
  recomputed(build: () => Tensor): Tensor {
    const kept = this.#backward;
    this.#backward = [];
    const output = build();
    this.#backward = kept;
    this.onBackward(output, (gradient) => {
      const rest = this.#backward;
      this.#backward = [];
      this.#gradients.set(build(), gradient);
      for (const record of this.#backward.reverse()) record();
      this.#backward = rest;
    });
    return output;
  }

  /** Registers `record` for {@linkcode Plan.backward}, which goes in reverse order. */
  onBackward(output: Tensor, record: (gradient: Tensor) => void): void {
    if (!output.tracked) return;
    this.#backward.push(() => {
      const gradient = this.#gradients.get(output);
      if (gradient !== undefined) record(gradient);
    });
  }

  /**
   * The place for a part of the gradient of `tensor`: its buffer, and whether to add to an earlier
   * part in it.
   */
  gradientFor(tensor: Tensor): { gradient: Tensor; accumulate: boolean } {
    const known = this.#gradients.get(tensor);
    if (known !== undefined) return { gradient: known, accumulate: true };
    const gradient = tensor.gradient ?? { ...temporary(...tensor.shape), type: tensor.type };
    this.#gradients.set(tensor, gradient);
    return { gradient, accumulate: false };
  }

  /**
   * The place for the whole gradient of `tensor`, for operations that can't add to it.
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

  /** Records the backward pass, from `loss`, with its gradient in `gradient`. */
  backward(loss: Tensor, gradient: Tensor): void {
    this.#gradients.set(loss, gradient);
    for (const record of this.#backward.reverse()) record();
    this.#backward = [];
    this.#gradients.clear();
  }
}
