// Plans replayed on every device: phases, profiles, memory, and the order of what is queued.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Program } from "../../src/device/device.ts";
import { Plan } from "../../src/graph/plan.ts";
import { constant, persistent } from "../../src/graph/tensor.ts";
import { deviceTest } from "../helpers/devices.ts";
import { tensorOf } from "../helpers/plans.ts";

/** A plan that adds x to y ("first"), then y to z ("second"). */
function twoPhases() {
  const [x, y, z] = ["x", "y", "z"].map((name) => persistent(name, [8]));
  const plan = new Plan("first", "second");
  plan.record("add", { size: 8 }, { x, y });
  plan.phase("second", () => plan.record("add", { size: 8 }, { x: y, y: z }));
  return { plan, x, y, z };
}

deviceTest("Program.run() replays all phases, or those that are named", async (device) => {
  const { plan, x, y, z } = twoPhases();
  const program = await device.compile(plan);
  device.write(x, new Float32Array(8).fill(1));
  const state = async () => [(await device.read(y))[7], (await device.read(z))[7]];
  assertEquals(await state(), [0, 0], "memory begins as zeros");
  program.run();
  assertEquals(await state(), [1, 1]);
  program.run(["first"]);
  assertEquals(await state(), [2, 1]);
  program.run(["second"]);
  program.run(["second", "first"]);
  assertEquals(await state(), [3, 6]);
  program.run([]);
  assertEquals(await state(), [3, 6]);
  program.destroy();
  device.release(...[x, y, z].map(({ storage }) => storage!));
});

deviceTest(
  "Program.run() and profile() refuse a phase that the plan does not have",
  async (device) => {
    const { plan, x, y, z } = twoPhases();
    const program: Program = await device.compile(plan as Plan<string>);
    assertThrows(() => program.run(["third"]), RangeError, 'no phase "third"');
    await assertRejects(() => program.profile(["third"]), RangeError, 'no phase "third"');
    program.destroy();
    device.release(...[x, y, z].map(({ storage }) => storage!));
  },
);

deviceTest("Program.run() carries activations from one operation to the next", async (device) => {
  const plan = new Plan();
  const size = 77;
  const x = tensorOf(device, "x", Array.from({ length: size }, (_, i) => i));
  const result = persistent("result", [size]);
  let last = x;
  for (let i = 0; i < 6; i++) {
    const next = plan.activation([size]);
    plan.record("copy", { size }, { x: last, y: next });
    plan.record("add", { size }, { x: last, y: next });
    last = next;
  }
  plan.record("copy", { size }, { x: last, y: result });
  const program = await device.compile(plan);
  for (let replay = 0; replay < 2; replay++) {
    program.run();
    assertEquals([...await device.read(result)], Array.from({ length: size }, (_, i) => 64 * i));
  }
  program.destroy();
  device.release(x.storage!, result.storage!);
});

deviceTest("Program.run() finds constants' values, then zeros", async (device) => {
  for (const values of [[], [1, 2], [1, 2, 3, 4, 5]]) {
    const plan = new Plan();
    const [x, y] = [constant("x", [5], Float32Array.from(values)), persistent("y", [5])];
    plan.record("copy", { size: 5 }, { x, y });
    const program = await device.compile(plan);
    device.write(y, new Float32Array());
    program.run();
    assertEquals([...await device.read(y)], [1, 2, 3, 4, 5].map((_, i) => values[i] ?? 0));
    program.destroy();
    device.release(y.storage!);
  }
});

deviceTest(
  "Device writes, runs, and reads in the order of the calls",
  async (device) => {
    const { plan, x, y, z } = twoPhases();
    const program = await device.compile(plan);
    const values = new Float32Array(8);
    const found: Promise<Float32Array>[] = [];
    for (let i = 1; i <= 5; i++) {
      values.fill(i);
      device.write(x, values);
      program.run(["first"]);
      found.push(device.read(y));
    }
    values.fill(99); // a write copies what it is given
    assertEquals((await Promise.all(found)).map(([first]) => first), [1, 3, 6, 10, 15]);
    await device.idle();
    program.destroy();
    device.release(...[x, y, z].map(({ storage }) => storage!));
  },
);

deviceTest(
  "Device.replay() writes before each replay, in the order of the calls",
  async (device) => {
    const { plan, x, y, z } = twoPhases();
    const program = await device.compile(plan);
    const all = (value: number) => new Float32Array(8).fill(value);
    device.write(x, all(5));
    program.run(["first"]); // y is 5
    const half = Float32Array.from([7, 7, 7, 7]);
    device.replay(program, ["first"], [[[x, all(1)]], [[x, all(2)], [x, half]], []]);
    assertEquals([...await device.read(y)], [...half.map(() => 20), 10, 10, 10, 10]);
    // The same memory takes what is longer, and what is shorter.
    device.replay(program, ["first", "second"], [[[x, all(0)], [z, all(1)]]]);
    device.replay(program, ["second"], []);
    assertEquals((await device.read(z))[0], 21);
    assertThrows(() => device.replay(program as Program, ["third"], [[]]), RangeError, "third");
    program.destroy();
    device.release(...[x, y, z].map(({ storage }) => storage!));
  },
);

deviceTest(
  "Program.profile() gives time and work of each kind of operation",
  async (device) => {
    const [m, n, k] = [70, 66, 64];
    const [a, b, out] = [m * k, n * k, m * n].map((size) => persistent("x", [size]));
    const plan = new Plan("both", "copy alone");
    const sizes = { layout: "nt", m, n, k } as const;
    const copy = () =>
      plan.record("copy", { size: out.size }, { x: out, y: plan.activation([out.size]) });
    plan.record("matmul", sizes, { a, b, out });
    copy();
    plan.record("matmul", sizes, { a, b, out });
    plan.phase("copy alone", copy);
    const program = await device.compile(plan);
    const before = device.bytes;
    const profile = await program.profile();
    assertEquals(device.bytes, before, "it leaves nothing behind");
    assertEquals(profile.map(({ name }) => name).sort(), ["copy", "matmul"]);
    const of = (name: string) => profile.find((entry) => entry.name === name)!;
    assertEquals([of("matmul").count, of("matmul").flops], [2, 2 * 2 * m * n * k]);
    assertEquals([of("copy").count, of("copy").flops, of("copy").bytes], [2, 0, 2 * 2 * 4 * m * n]);
    for (const { name, milliseconds } of profile) {
      assert(milliseconds >= 0 && milliseconds < 10_000, `${name} took ${milliseconds} ms`);
    }
    assert(of("matmul").milliseconds > 0, "a product takes some time");
    assert(profile[0].milliseconds >= profile[1].milliseconds, "the longest first");
    assertEquals((await program.profile(["copy alone"])).map(({ count }) => count), [1]);
    program.destroy();
    device.release(...[a, b, out].map(({ storage }) => storage!));
  },
);

deviceTest("Program.destroy() gives back everything that the program took", async (device) => {
  const start = device.bytes;
  const { plan, x, y, z } = twoPhases();
  const extra = plan.activation([1000]);
  plan.record("copy", { size: 1000 }, { x: extra, y: plan.activation([1000]) });
  const program = await device.compile(plan);
  assert(device.bytes - start >= 2 * 4000 + 3 * 32);
  program.destroy();
  program.destroy();
  const kept = device.bytes - start;
  assert(kept >= 3 * 32 && kept <= 3 * 64, "storages stay, and nothing else");
  device.release(...[x, y, z].map(({ storage }) => storage!));
  device.release(x.storage!);
  assertEquals(device.bytes, start);
});

deviceTest("Device checks host access", async (device) => {
  const plan = new Plan();
  const x = persistent("x", [3]);
  assertThrows(
    () => device.write(plan.activation([3]), new Float32Array(3)),
    RangeError,
    "pooled",
  );
  assertThrows(() => device.write(x, new Float32Array(4)), RangeError, "holds 3 numbers, got 4");
  await assertRejects(() => device.read(plan.activation([3])), RangeError, "pooled");
  device.write(x, Float32Array.of(1, 2));
  assertEquals([...await device.read(x)], [1, 2, 0]);
  device.write({ ...x, offset: 1, size: 2 }, Float32Array.of(8));
  assertEquals([...await device.read({ ...x, offset: 1, size: 2 })], [8, 0]);
  device.release(x.storage!);
  assertEquals([...await device.read(x)], [0, 0, 0], "released memory is forgotten");
  device.release(x.storage!);
});
