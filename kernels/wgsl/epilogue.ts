/**
 * Operations after a matrix product, element by element, at the end of the product's own kernel.
 *
 * @module
 */
import type { Activation } from "../shapes.ts";
import { activations } from "./activation.ts";
import type { Input } from "./operand.ts";

/** Operations on y, an element of the product with its bias, in this order. */
export interface EpilogueOptions {
  /** Applies an activation. */
  readonly activation?: Activation;
  /** Keeps the activation's input as `pre`. */
  readonly keepPre?: boolean;
  /** Multiplies by the derivative of this activation at `pre`. */
  readonly derivative?: Activation;
  /** Adds `residual`. */
  readonly residual?: boolean;
  /** Adds to the contents of `out`. */
  readonly accumulate?: boolean;
}

/** WGSL functions that {@linkcode finish} calls, on a type `T`. */
export function functions({ activation, derivative }: EpilogueOptions): string {
  const used = activation ?? derivative;
  return used ? activations[used] : "";
}

/** WGSL statements that turn `y` into the value to store at `i` of `out`, counted from p.out. */
export function finish(
  { activation, derivative, residual, accumulate }: EpilogueOptions,
  of: { readonly pre: Input; readonly residual: Input; readonly out: Input },
): string {
  return [
    derivative ? `y *= derivative(${of.pre.at("i")});` : "",
    activation ? "y = activate(y);" : "",
    residual ? `y += ${of.residual.at("i")};` : "",
    accumulate ? `y += ${of.out.at("p.out + i")};` : "",
  ].filter((line) => line !== "").map((line) => `  ${line}\n`).join("");
}
