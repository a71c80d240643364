// What a plan records, as plain data.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { originOf } from "../../src/device/webgpu/binding.ts";
import type { OperandsOf } from "../../src/graph/ops.ts";
import { Plan } from "../../src/graph/plan.ts";
import { persistent, type Tensor, view } from "../../src/graph/tensor.ts";

const tracked = (...shape: number[]): Tensor => ({
  ...persistent("w", shape),
  tracked: true,
  gradient: persistent("dw", shape),
});

Deno.test("Plan.record() keeps operations in order, each in its phase", () => {
  const plan = new Plan("outer", "inner", "innermost");
  const [x, y] = [persistent("x", [8]), persistent("y", [8])];
  plan.record("copy", { size: 8 }, { x, y });
  const inner = plan.phase("inner", () => {
    plan.record("add", { size: 8 }, { x, y });
    return plan.phase("innermost", () => plan.operations.length);
  });
  plan.record("copy", { size: 8 }, { x, y });
  assertEquals(inner, 2);
  assertEquals(plan.operations.map(({ name }) => name), ["copy", "add", "copy"]);
  assertEquals(plan.operations.map(({ phase }) => phase), ["outer", "inner", "outer"]);
  assertEquals(plan.operations[0].operands, { x, y });
});

Deno.test("Plan.phase() refuses a name that the plan does not have", () => {
  const plan = new Plan("a", "b") as Plan<string>;
  assertThrows(() => plan.phase("c", () => {}), RangeError, 'The plan has no phase "c"');
});

Deno.test("Plan.phase() and withoutGradient() end with what they record, even when that throws", () => {
  const plan = new Plan("step", "broken");
  const [x, y] = [persistent("x", [8]), persistent("y", [8])];
  const fail = () => {
    throw new RangeError("no");
  };
  assertThrows(() => plan.phase("broken", fail), RangeError);
  plan.record("copy", { size: 8 }, { x, y });
  assertEquals(plan.operations[0].phase, "step");
  assertThrows(() => plan.withoutGradient(fail), RangeError);
  assert(plan.activation([1], [tracked(1)]).tracked);
});

Deno.test("Plan tracks an activation if an input is tracked, outside withoutGradient()", () => {
  const plan = new Plan();
  const [w, x] = [tracked(3), persistent("x", [3])];
  const of = (...inputs: (Tensor | undefined)[]) => plan.activation([3], inputs).tracked;
  assertEquals([of(x, undefined), of(x, w), of(), of(w)], [false, true, false, true]);
  const nested = plan.withoutGradient(() => [of(w), plan.withoutGradient(() => of(w)), of(w)]);
  assertEquals(nested, [false, false, false]);
  assertEquals([of(w), plan.activation([2, 3, 4]).size], [true, 24]);
});

Deno.test("view() is a window, and so is its gradient", () => {
  const w = tracked(10, 7);
  const part = view(view(w, 14, [8, 7]), 7, [3, 7]);
  assertEquals([part.offset, part.size, part.shape], [21, 21, [3, 7]]);
  assertEquals([part.gradient!.offset, part.gradient!.storage], [21, w.gradient!.storage]);
  assertEquals([originOf(part), originOf({ ...part, offset: 64 }), originOf(w)], [21, 0, 0]);
  assertThrows(() => view(new Plan().activation([4]), 0, [2]), RangeError, "pooled");
});

Deno.test("Plan.gradientFor() writes the first part and adds later ones", () => {
  const plan = new Plan();
  const w = tracked(4);
  const first = plan.gradientFor(w);
  const second = plan.gradientFor(w);
  assertEquals([first.accumulate, second.accumulate], [false, true]);
  assertEquals(first.gradient, w.gradient);
  const x = plan.activation([4], [w]);
  assert(plan.gradientFor(x).gradient === plan.gradientFor(x).gradient, "one buffer");
});

Deno.test("Plan.forwardGradient() passes a gradient on, or adds it to one that exists", () => {
  const plan = new Plan();
  const w = tracked(4);
  const [x, y, other] = [1, 2, 3].map(() => plan.activation([4], [w]));
  plan.forwardGradient(y, x);
  assertEquals(plan.gradientFor(x), { gradient: y, accumulate: true });
  assertEquals(plan.operations.length, 0);
  plan.forwardGradient(other, x);
  const [{ name, sizes, operands }] = plan.operations;
  assertEquals([name, sizes], ["add", { size: 4 }]);
  assert((operands as OperandsOf<"add">).x === other && (operands as OperandsOf<"add">).y === y);
  const untracked = plan.activation([4]);
  plan.forwardGradient(other, untracked);
  assert(plan.gradientFor(untracked).gradient !== other, "an untracked tensor takes nothing over");
});

Deno.test("Plan.backward() runs in reverse, once, and only where a gradient arrives", () => {
  const plan = new Plan();
  const w = tracked(4);
  const order: string[] = [];
  const [a, b, aside] = [1, 2, 3].map(() => plan.activation([4], [w]));
  plan.onBackward(a, () => order.push("a"));
  plan.onBackward(aside, () => order.push("aside"));
  plan.onBackward(b, (gradient) => {
    order.push("b");
    plan.forwardGradient(gradient, a);
  });
  plan.onBackward(plan.activation([4]), () => order.push("untracked"));
  plan.backward(b, plan.activation([4]));
  assertEquals(order, ["b", "a"]);
  plan.backward(b, plan.activation([4]));
  assertEquals(order, ["b", "a"], "not again");
});
