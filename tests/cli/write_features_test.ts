// Shares of features: what must be the same of all of them.

import { assertRejects } from "@std/assert";
import { CommandError } from "../../cli/errors.ts";
import type { EvaluationParts } from "../../cli/evaluation/parts.ts";
import { writeFeatures } from "../../cli/evaluation/write_features.ts";
import { withFolder } from "../data/scratch.ts";

Deno.test("features of a class-conditional network depend on the classes of the data", async () => {
  await withFolder(async (folder) => {
    const parts = {
      rin: {
        config: { numClasses: 2, imageSize: 16 },
        samples: async function* () {
          yield await Promise.resolve({ images: new Float32Array(2 * 3 * 16 * 16) });
        },
      },
      sampler: { batchSize: 2 },
      counts: { count: 2 },
      terminal: { note: () => {} },
    } as unknown as EvaluationParts;
    const share = { folder, shard: { index: 0, count: 1 }, checkpoint: "a", force: false };
    const write = (...labels: number[]) => {
      const read = () => Promise.resolve(new Uint8Array());
      const train = {
        name: "few",
        imageSize: 16,
        count: 2,
        labels: Uint32Array.from(labels),
        read,
      };
      return writeFeatures(parts, train, share);
    };
    await write(0, 1);
    await write(0, 1);
    await assertRejects(() => write(1, 0), CommandError, "with other settings");
  });
});
