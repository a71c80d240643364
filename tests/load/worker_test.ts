// The short form of `deno task load:worker`.

import { assertEquals } from "@std/assert";
import { withFolder } from "../data/scratch.ts";
import { workerd } from "../device/cpu/runtimes.ts";
import { isWell, loadWorker } from "./worker.ts";

const program = await workerd();

Deno.test({
  name: "a worker answers many at once, whoever leaves, in flat memory",
  ignore: program === undefined,
  fn: () =>
    withFolder(async (folder) => {
      const outcome = await loadWorker(folder, program!, 400, 20);
      const counts = { images: 320, streams: 40, refused: 20, left: 20 };
      assertEquals([outcome.counts, outcome.failures, outcome.said], [counts, [], ""]);
      assertEquals(isWell(outcome), true, `RSS ${outcome.resident}`);
    }),
});
