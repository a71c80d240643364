// What a plan records, as plain data.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { addInto, copy } from "../../kernels/elementwise.ts";
import { originOf, persistent, Plan, type Tensor, view } from "../../src/gpu/plan.ts";

const tracked = (...shape: number[]): Tensor => ({
  ...persistent("w", shape),
  tracked: true,
  gradient: persistent("dw", shape),
});

Deno.test("a dispatch binds what its kernel binds, in its section", () => {
  const plan = new Plan("software");
  const [x, y] = [persistent("x", [8]), persistent("y", [8])];
  plan.dispatch(copy({ size: 8 }), [x, undefined, y]);
  const inner = plan.section("inner", () => {
    plan.dispatch(copy({ size: 8 }), [x, y]);
    return plan.section("innermost", () => plan.dispatches.length);
  });
  plan.dispatch(copy({ size: 8 }), [x, y]);
  assertEquals(inner, 2);
  assertEquals(plan.dispatches.map(({ section }) => section), ["step", "inner", "step"]);
  assertEquals(plan.dispatches[0].tensors, [x, y]);
  for (const tensors of [[x], [x, y, x], []]) {
    const dispatch = () => plan.dispatch(copy({ size: 8 }), tensors);
    assertThrows(dispatch, RangeError, `it binds 2 buffers, got ${tensors.length}`);
  }
});

Deno.test("a section ends with what it records, even when that throws", () => {
  const plan = new Plan("software");
  const [x, y] = [persistent("x", [8]), persistent("y", [8])];
  assertThrows(
    () => plan.section("broken", () => plan.dispatch(copy({ size: 8 }), [])),
    RangeError,
  );
  plan.dispatch(copy({ size: 8 }), [x, y]);
  assertEquals(plan.dispatches[0].section, "step");
  assertThrows(() => plan.withoutGradient(() => plan.dispatch(copy({ size: 8 }), [])), RangeError);
  assert(plan.activation([1], [tracked(1)]).tracked);
});

Deno.test("an activation is tracked when an input is, outside of withoutGradient", () => {
  const plan = new Plan("software");
  const [w, x] = [tracked(3), persistent("x", [3])];
  const of = (...inputs: (Tensor | undefined)[]) => plan.activation([3], inputs).tracked;
  assertEquals([of(x, undefined), of(x, w), of(), of(w)], [false, true, false, true]);
  const nested = plan.withoutGradient(() => [of(w), plan.withoutGradient(() => of(w)), of(w)]);
  assertEquals(nested, [false, false, false]);
  assertEquals([of(w), plan.activation([2, 3, 4]).size], [true, 24]);
});

Deno.test("a view is a window, and so is its gradient", () => {
  const w = tracked(10, 7);
  const part = view(view(w, 14, [8, 7]), 7, [3, 7]);
  assertEquals([part.offset, part.size, part.shape], [21, 21, [3, 7]]);
  assertEquals([part.gradient!.offset, part.gradient!.storage], [21, w.gradient!.storage]);
  assertEquals([originOf(part), originOf({ ...part, offset: 64 }), originOf(w)], [21, 0, 0]);
  assertThrows(() => view(new Plan("software").activation([4]), 0, [2]), RangeError, "pooled");
});

Deno.test("shares: the first is written, later ones are added", () => {
  const plan = new Plan("software");
  const w = tracked(4);
  const first = plan.share(w);
  const second = plan.share(w);
  assertEquals([first.accumulate, second.accumulate], [false, true]);
  assertEquals(first.gradient, w.gradient);
  const x = plan.activation([4], [w]);
  assert(plan.share(x).gradient === plan.share(x).gradient, "one buffer");
});

Deno.test("a gradient is passed on as it is, or added where there is one already", () => {
  const plan = new Plan("software");
  const w = tracked(4);
  const [x, y, other] = [1, 2, 3].map(() => plan.activation([4], [w]));
  plan.pass(y, x);
  assertEquals(plan.share(x), { gradient: y, accumulate: true });
  assertEquals(plan.dispatches.length, 0);
  plan.pass(other, x);
  assertEquals(plan.dispatches[0].launch, addInto({ size: 4 }));
  assert(plan.dispatches[0].tensors[0] === other && plan.dispatches[0].tensors[1] === y);
  const untracked = plan.activation([4]);
  plan.pass(other, untracked);
  assert(plan.share(untracked).gradient !== other, "an untracked tensor takes nothing over");
});

Deno.test("the backward pass runs in reverse, once, and only where a gradient arrives", () => {
  const plan = new Plan("software");
  const w = tracked(4);
  const order: string[] = [];
  const [a, b, aside] = [1, 2, 3].map(() => plan.activation([4], [w]));
  plan.onBackward(a, () => order.push("a"));
  plan.onBackward(aside, () => order.push("aside"));
  plan.onBackward(b, (gradient) => {
    order.push("b");
    plan.pass(gradient, a);
  });
  plan.onBackward(plan.activation([4]), () => order.push("untracked"));
  plan.backward(b, plan.activation([4]));
  assertEquals(order, ["b", "a"]);
  plan.backward(b, plan.activation([4]));
  assertEquals(order, ["b", "a"], "not again");
});

Deno.test("what is derived from a storage is made once for each window", () => {
  const plan = new Plan("software");
  const w = persistent("w", [4, 6]);
  let made = 0;
  const make = () => {
    made++;
    return plan.activation([6, 4]);
  };
  const first = plan.derived(w, make);
  assert(plan.derived({ ...w }, make) === first, "found by where it lies, not by its object");
  assert(plan.derived(view(w, 6, [3, 6]), make) !== first);
  assert(plan.derived(view(w, 0, [2, 6]), make) !== first);
  assert(plan.derived(persistent("w", [4, 6]), make) !== first, "another storage of that name");
  assertEquals(made, 4);
  assertThrows(() => plan.derived(plan.activation([4]), make), RangeError, "activation");
});
