// Activations where a product ends, over their whole range. The product is x times 1.

import type { Activation } from "../../src/graph/ops.ts";
import { data } from "../helpers/close.ts";
import { activation, activationDerivative } from "../reference/activation.ts";
import { of, type OpCase, unwritten } from "./case.ts";

/** Far out the exponentials over- and underflow. */
const RANGE = Float64Array.from({ length: 1999 }, (_, i) => Math.fround((i - 1000) / 8));

/** Point by point: float32 keeps no more where 1 + erf(x) cancels. */
const ROUNDINGS = RANGE.map((x) => 1e-6 * Math.max(1, Math.abs(x)));

function forward(
  name: Activation,
  title: string,
  x: Float64Array,
  tolerance: number | Float64Array,
): OpCase<"matmul"> {
  const size = x.length;
  return {
    name: "matmul",
    title: `${name} ${title}`,
    sizes: { layout: "nt", m: size, n: 1, k: 1, activation: name },
    operands: {
      a: of(x, size, 1),
      b: of([1], 1, 1),
      out: unwritten(size, 1),
      pre: unwritten(size, 1),
    },
    expected: {
      out: { values: x.map((value) => activation(name, value)), tolerance },
      pre: { values: x, tolerance: 0 },
    },
  };
}

function derivative(name: Activation): OpCase<"matmul"> {
  const size = RANGE.length;
  return {
    name: "matmul",
    title: `${name}' over the whole range`,
    sizes: { layout: "nn", m: size, n: 1, k: 1, derivative: name },
    operands: {
      a: of(new Float64Array(size).fill(1), size, 1),
      b: of([1], 1, 1),
      out: unwritten(size, 1),
      pre: of(RANGE, size, 1),
    },
    expected: {
      out: { values: RANGE.map((value) => activationDerivative(name, value)), tolerance: 1e-6 },
    },
  };
}

/** The exact GELU and its tanh approximation differ most near 2.7: by 4.7e-4. */
const NEAR = data(200, 8).map((value) => Math.fround(2.7 + 0.1 * value));

export const CASES: readonly OpCase[] = [
  ...(["gelu", "silu"] satisfies Activation[]).flatMap((name) => [
    forward(name, "over the whole range", RANGE, ROUNDINGS),
    derivative(name),
  ]),
  forward("gelu", "is the exact one", NEAR, 5e-7),
];
