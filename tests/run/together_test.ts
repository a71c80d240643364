// Runs of several processes, which this one plays.

import { assertEquals } from "@std/assert";
import { requestCpu } from "../../src/device/cpu/request.ts";
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
