/**
 * The work of an operation, counted from its sizes.
 *
 * @module
 */
import type { OpName, SizesOf } from "./ops.ts";
import type { Operation } from "./plan.ts";
import { bytesOfOne, type Tensor, typeOf } from "./tensor.ts";

/**
 * Floating-point operations of matrix products and attention, a multiplication and an addition
 * being two; 0 for all others, which are few compared with these. The gradient of attention is
 * seven products of all queries with all keys: the scores twice (for dq and for dk, dv), dP twice,
 * dq, dk and dv.
 */
export function operationFlops({ name, sizes }: Operation): number {
  switch (name) {
    case "matmul": {
      const { m, n, k } = sizes as SizesOf<"matmul">;
      return 2 * m * n * k;
    }
    case "attention":
      return 2 * products(sizes as SizesOf<"attention">);
    case "attentionGradient":
      return 7 * products(sizes as SizesOf<"attentionGradient">);
    default:
      return 0;
  }
}

/** A product of all queries with all keys, of every head. */
function products({ batch, heads, d, queries, keys }: SizesOf<"attention">): number {
  return 2 * batch * heads * d * queries * keys;
}

/** Bytes of an operation's operands, each counted once. */
export function operationBytes({ operands }: Operation<OpName>): number {
  const tensors = Object.values<Tensor | undefined>(operands);
  return tensors.reduce(
    (sum, tensor) => tensor ? sum + tensor.size * bytesOfOne(typeOf(tensor)) : sum,
    0,
  );
}
