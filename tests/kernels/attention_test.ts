// Attention's tiles: which is chosen, how keys are cut, and that every tile gives the same bits. The
// usual tiles are checked in tests/ops.

import { assertEquals } from "@std/assert";
import type { AttentionSizes } from "../../kernels/shapes.ts";
import { attention } from "../../kernels/wgsl/attention.ts";
import {
  attentionKeyGradient,
  attentionQueryGradient,
} from "../../kernels/wgsl/attention_gradient.ts";
import {
  ATTENTION_TILES,
  attentionTileFor,
  keysOfPart,
} from "../../kernels/wgsl/attention_tiles.ts";
import { assertSameBits } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { compare, type OpCase } from "../ops/case.ts";
import { both } from "../ops/attention.ts";
import { type Content, runLaunch } from "./run_launch.ts";

Deno.test("tiles: large ones where invocations are enough, fewer rows where sums are wide", () => {
  const of = (count: number, groups: number, floats = 32) => {
    const { rows, across } = attentionTileFor(count, groups, floats);
    return `${rows}x${across}`;
  };
  assertEquals([of(128, 16), of(128, 32), of(128, 32, 128)], ["2x8", "4x8", "2x8"]);
  assertEquals([of(16, 4), of(32, 4), of(64, 4)], ["1x32", "1x16", "1x8"]);
  // Of 32 rows half would be idle.
  assertEquals([of(16, 4096), of(33, 4096)], ["2x8", "2x8"]);
});

Deno.test("parts: keys are cut for few queries alone, whatever the batch", () => {
  const cut = (queries: number, keys: number, batch = 1) => {
    const sizes = { batch, heads: 8, queries, keys } as AttentionSizes;
    return [Math.ceil(keys / keysOfPart(sizes)), keysOfPart(sizes)];
  };
  assertEquals(cut(128, 16384), [4, 4096]);
  assertEquals(cut(128, 16384, 64), [4, 4096]);
  assertEquals(cut(16384, 128), [1, 128]);
  assertEquals([cut(128, 511), cut(128, 520)], [[1, 511], [2, 288]]);
});

/** The tensors of a case; those that two roles share are read alone. */
function contentsOf({ operands }: OpCase): Record<string, Content> {
  return Object.fromEntries(
    Object.entries(operands).map(([role, operand]) => {
      if (typeof operand === "string") throw new Error(`${role} is ${operand}`);
      return [role, operand.values ?? operand.shape.reduce((a, b) => a * b, 1)];
    }),
  );
}

gpuTest("every tile: the same bits, twice", async (gpu) => {
  // Beyond an edge of every tile, in two slices.
  const numbers = { batch: 1, heads: 2, d: 36, queries: 41, keys: 37 };
  const [forward, backward] = both("", numbers, "cross");
  const runs = [];
  for (const tile of [...ATTENTION_TILES, ...ATTENTION_TILES]) {
    const out = await runLaunch(gpu, attention(forward.sizes, tile), contentsOf(forward));
    const contents = { ...contentsOf(backward), delta: 2 * 41 };
    const dq = await runLaunch(gpu, attentionQueryGradient(backward.sizes, tile), contents);
    const launch = attentionKeyGradient(backward.sizes, tile);
    const dkv = await runLaunch(gpu, launch, { ...contents, delta: dq.delta });
    runs.push({ ...out, ...dq, ...dkv });
  }
  for (const [role, wanted] of Object.entries({ ...forward.expected, ...backward.expected })) {
    compare(role, (runs[0] as Record<string, Float32Array>)[role], wanted);
  }
  for (const run of runs) {
    for (const [role, values] of Object.entries(run)) {
      assertSameBits(role, values, (runs[0] as Record<string, typeof values>)[role]);
    }
  }
});
