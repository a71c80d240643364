// Placement of activations: never two live ones in one slot, and few slots.

import { assert, assertEquals } from "@std/assert";
import { place, type Step } from "../../src/device/pool.ts";
import { bufferBytes, PARAMS_STRIDE } from "../../src/device/webgpu/binding.ts";
import { webgpuBytes } from "../../src/device/webgpu/memory.ts";
import { Plan } from "../../src/graph/plan.ts";
import { completeConfig } from "../../src/model/config.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { completeTrainOptions } from "../../src/train/options.ts";
import { recordStep, trainSlabs } from "../../src/train/step_plan.ts";
import type { FloatType } from "../../src/graph/ops.ts";
import { bytesOf, persistent, temporary, type Tensor } from "../../src/graph/tensor.ts";
import { addRows, patchify } from "../../src/nn/tokens.ts";
import { RandomStream } from "../../src/nn/random.ts";

const activation = (size: number, type?: FloatType): Tensor => ({ ...temporary(size), type });
const uses = (...tensors: Tensor[]): Step => ({ tensors });

/** First and last use of every activation. */
function lifetimes(steps: readonly Step[]): Map<Tensor, [first: number, last: number]> {
  const found = new Map<Tensor, [number, number]>();
  steps.forEach(({ tensors }, index) => {
    for (const tensor of tensors) {
      if (!tensor.storage) found.set(tensor, [found.get(tensor)?.[0] ?? index, index]);
    }
  });
  return found;
}

function checkPlacement(name: string, steps: readonly Step[]): void {
  const { slotOf, bytes } = place(steps);
  const lives = [...lifetimes(steps)];
  assertEquals(slotOf.size, lives.length, `${name}: every activation has a slot, nothing else`);
  for (const [tensor, [first, last]] of lives) {
    const slot = slotOf.get(tensor)!;
    assert(bytes[slot] >= bytesOf(tensor), `${name}: slot ${slot} holds its tensor`);
    for (const [other, [otherFirst, otherLast]] of lives) {
      const together = first <= otherLast && otherFirst <= last;
      if (other === tensor || !together) continue;
      assert(slotOf.get(other) !== slot, `${name}: two live activations share slot ${slot}`);
    }
  }
}

/** A plan of random steps, each on some tensors of before and some new ones. */
function randomPlan(seed: number): Step[] {
  const stream = new RandomStream(seed, 0);
  let index = 0;
  const below = (limit: number) => Math.floor(stream.uniform(index++) * limit);
  const known: Tensor[] = [persistent("input", [8])];
  return Array.from({ length: 1 + below(60) }, () => {
    const old = Array.from({ length: below(4) }, () => known[below(known.length)]);
    const fresh = Array.from(
      { length: 1 + below(3) },
      () => activation(1 + below(100), below(2) ? "f16" : "f32"),
    );
    known.push(...fresh);
    if (below(10) === 0) known.push(persistent("more", [8]));
    return uses(...old, ...fresh);
  });
}

Deno.test("place() gives no two live activations one slot, in 300 random plans", () => {
  for (let seed = 0; seed < 300; seed++) checkPlacement(`plan ${seed}`, randomPlan(seed));
});

Deno.test("place() needs two slots for a chain of equal activations", () => {
  const chain = Array.from({ length: 20 }, () => activation(10));
  const steps = chain.map((tensor, i) => i === 0 ? uses(tensor) : uses(chain[i - 1], tensor));
  checkPlacement("chain", steps);
  assertEquals(place(steps).bytes.length, 2);
});

Deno.test("place() takes the smallest slot that is free", () => {
  const [a, b, c] = [activation(10), activation(100), activation(30)];
  const [small, large, larger] = [activation(9), activation(25), activation(120)];
  const first = place([uses(a, b, c), uses(small), uses(large)]);
  assertEquals(first.slotOf.get(small), first.slotOf.get(a));
  assertEquals(first.slotOf.get(large), first.slotOf.get(c));
  // One that comes later and is larger decides how large the slot is.
  const second = place([uses(a, b, c), uses(larger)]);
  assertEquals(second.slotOf.get(larger), second.slotOf.get(b));
  assertEquals(second.bytes, [480, 120, 40]);
});

Deno.test("place() takes the larger of an f16 and an f32 activation by their bytes", () => {
  const [half, full] = [activation(10, "f16"), activation(6)];
  assertEquals(place([uses(half), uses(full)]).bytes, [24]);
});

/** What any placement takes at least: over k, the largest k-th largest live activation of a step. */
function leastOf(steps: readonly Step[]): number {
  const lives = [...lifetimes(steps)];
  const most: number[] = [];
  steps.forEach((_, step) => {
    const live = lives.filter(([, [first, last]]) => first <= step && step <= last);
    live.map(([tensor]) => bytesOf(tensor)).sort((a, b) => b - a).forEach((size, k) => {
      most[k] = Math.max(most[k] ?? 0, size);
    });
  });
  return most.reduce((a, b) => a + b, 0);
}

Deno.test("place() takes no more for a training step than any placement must", () => {
  for (const checkpointBlocks of ["off", "on"] as const) {
    const config = completeConfig({});
    const options = completeTrainOptions({ checkpointBlocks });
    const layout = parameterLayout(config);
    const { plan } = recordStep(config, options, layout, trainSlabs(layout, options));
    const steps = plan.operations.map(({ operands }) => ({
      tensors: Object.values<Tensor | undefined>(operands).filter((tensor) => tensor !== undefined),
    }));
    const taken = place(steps).bytes.reduce((a, b) => a + b, 0);
    assertEquals(taken, leastOf(steps));
  }
});

Deno.test("place() gives storages no slot, and one to an activation that is bound twice", () => {
  const [input, x] = [persistent("input", [4]), activation(4)];
  const { slotOf, bytes } = place([uses(input, x, x)]);
  assertEquals([[...slotOf.keys()], bytes], [[x], [16]]);
});

Deno.test("webgpuBytes() counts slots, storages once, and parameters of each dispatch", () => {
  for (const type of ["f32", "f16"] as const) {
    const plan = new Plan();
    plan.activations = type;
    const x = persistent("x", [1, 3, 6, 6]);
    const table = persistent("table", [4, 27]);
    const patches = patchify(plan, x, [3, 3]);
    addRows(plan, addRows(plan, patches, table), table);
    // Two slots of 108 numbers serve three activations.
    const slot = bufferBytes(108 * (type === "f16" ? 2 : 4));
    assertEquals(webgpuBytes(plan), 2 * slot + 2 * 432 + 3 * PARAMS_STRIDE);
  }
  assertEquals([bufferBytes(1), bufferBytes(16), bufferBytes(17)], [16, 16, 32]);
});
