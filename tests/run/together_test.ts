// Runs of several processes, which this one plays.

import { assert, assertEquals } from "@std/assert";
import { requestCpu } from "../../src/device/cpu/request.ts";
import { MetricsCollector } from "../../src/run/metrics_collector.ts";
import { joinTraining, type RunEvent, train } from "../../training_run.ts";
import { withFolder } from "../data/scratch.ts";
import { playedPeers } from "../helpers/peers.ts";
import { tinySettings, tinySplits } from "./small_run.ts";

Deno.test({
  name: "together: all stop after one step, and know it before they save",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withFolder(async (folder) => {
      const { network, training } = tinySettings({ steps: 100, batchSize: 4 });
      const controller = new AbortController();
      const events: RunEvent[][] = [[], []];
      const contextOf = (rank: number) => ({
        device: () => requestCpu({ threads: 1 }),
        data: tinySplits(),
        onEvent: (event: RunEvent) => {
          events[rank].push(event);
          if (rank === 1 && event.type === "validated") controller.abort();
        },
      });
      const [first, second] = playedPeers(2);
      const run = { validEvery: 2, sampleEvery: 100, saveEvery: 100 };
      const ended = await Promise.all([
        train({ ...contextOf(0), peers: first, out: `${folder}/run`, network, training, run }),
        joinTraining({ ...contextOf(1), peers: second, signal: controller.signal }),
      ]);
      assertEquals(ended.map(({ ended, step }) => [ended, step]), [["stopped", 2], ["stopped", 2]]);
      for (const one of events) {
        const last = one.map(({ type }) => type).filter((type) => type !== "progress").slice(-2);
        assertEquals(last, ["stopping", "ended"]);
      }
    }),
});

Deno.test("together: metrics are read by the number of steps, not by the clock", () => {
  const own = performance.now;
  let now = 0;
  performance.now = () => now;
  try {
    const dueAfter = (size: number, steps: number, milliseconds: number, onNan = "skip") => {
      const trainer = { stepsDone: 0 };
      const parts = { trainer, peers: playedPeers(size)[0], settings: { run: { onNan } } };
      type Given = ConstructorParameters<typeof MetricsCollector>;
      const metrics = new MetricsCollector(...[parts] as unknown as Given);
      trainer.stepsDone = steps;
      now += milliseconds;
      return metrics.due;
    };
    assert(dueAfter(1, 1, 1000));
    assert(!dueAfter(1, 255, 400) && dueAfter(1, 256, 400));
    assert(dueAfter(1, 32, 1, "stop"), "a step that ends the run is looked for more often");
    assert(!dueAfter(2, 1, 1000));
    assert(dueAfter(2, 8, 1));
  } finally {
    performance.now = own;
  }
});
