// How the host computes in slices: with kernels and a clock that the test moves.

import { assert, assertEquals } from "@std/assert";
import type { Job } from "../../../src/device/cpu/runner.ts";
import { Slices } from "../../../src/device/cpu/slices.ts";

const job: Job = { tape: 0, count: 3, phases: 1, scratch: 0, scratchEach: 0, timed: false };

/** A runner whose every slice is one entry and takes as long as the test says. */
async function withSlices(
  milliseconds: number,
  test: (slices: Slices, log: string[]) => Promise<void>,
): Promise<void> {
  const { now } = performance;
  let time = 0;
  performance.now = () => time;
  const log: string[] = [];
  const run = (_: number, from: number) => {
    time += milliseconds;
    log.push(`entry ${from}`);
    return from + 1;
  };
  const failed = (message: string) => log.push(message);
  try {
    await test(new Slices(run, 0, { done: () => log.push("done"), failed }), log);
  } finally {
    performance.now = now;
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

Deno.test("Slices computes nothing before start() has returned", () =>
  withSlices(1, async (slices, log) => {
    slices.start(job);
    assertEquals(log, []);
    await turn();
    assertEquals(log, ["entry 0", "entry 1", "entry 2", "done"]);
  }));

Deno.test("Slices yields to the event loop every 10 ms, in one job or many", async () => {
  for (const [milliseconds, jobs, before] of [[12, 1, 1], [6, 2, 2], [1, 8, 10]]) {
    await withSlices(milliseconds, async (slices, log) => {
      for (let i = 0; i < jobs; i++) slices.start(job);
      // It comes after the microtasks, and so after all that no turn interrupts.
      await turn();
      const entries = log.filter((line) => line.startsWith("entry"));
      assertEquals(entries.length, before, `${milliseconds} ms`);
      while (log.filter((line) => line === "done").length < jobs) await turn();
    });
  }
});

Deno.test("Slices waits for no turn if the clock stands still", () =>
  withSlices(0, async (slices, log) => {
    for (let i = 0; i < 100; i++) slices.start(job);
    await turn();
    assertEquals(log.filter((line) => line === "done").length, 100);
  }));

Deno.test("Slices computes and reports nothing after stop()", () =>
  withSlices(20, async (slices, log) => {
    slices.start(job);
    slices.start(job);
    await turn();
    const before = log.length;
    assert(before > 0 && !log.includes("done"));
    slices.stop();
    for (let i = 0; i < 5; i++) await turn();
    assertEquals(log.length, before);
  }));
