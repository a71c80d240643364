/**
 * The reads of a recorded pass: the attention of the latents to the interface, one for each block.
 *
 * @module
 */
import type { AttentionSizes } from "../graph/ops.ts";
import type { Operation, Plan } from "../graph/plan.ts";
import { persistent, type Tensor } from "../graph/tensor.ts";

/** Queries and keys of one block's read, in memory that the host can read. */
export interface RecordedRead {
  readonly sizes: AttentionSizes;
  readonly q: Tensor;
  /** Keys, and values beside them. */
  readonly kv: Tensor;
}

/**
 * Makes a plan keep the queries and keys of a pass's reads: a copy of each follows the attention
 * that uses it, and all else stays as it was.
 *
 * @param blocks of the network; the reads of a second pass (of guidance) are left alone
 */
export function keepReads(plan: Plan<string>, blocks: number): RecordedRead[] {
  const isAttention = (operation: Operation): operation is Operation<"attention"> =>
    operation.name === "attention";
  // The compute layers attend to themselves. Between the streams, a block reads and then writes.
  const across = plan.operations.filter(isAttention).filter(({ operands: { q, kv } }) => q !== kv);
  const reads = across.filter((_, i) => i % 2 === 0).slice(0, blocks);
  return reads.map((read, i) => {
    const kept = {
      q: persistent(`q ${i}`, read.operands.q.shape),
      kv: persistent(`kv ${i}`, read.operands.kv.shape),
    };
    const copies = (["q", "kv"] as const).map((name) => ({
      name: "copy" as const,
      sizes: { size: kept[name].size },
      operands: { x: read.operands[name], y: kept[name] },
      phase: read.phase,
    }));
    plan.operations.splice(plan.operations.indexOf(read) + 1, 0, ...copies);
    return { sizes: read.sizes, ...kept };
  });
}
