// Features that are made in shares: what must be the same of all of them, and of the data.

import { assertRejects, assertThrows } from "@std/assert";
import { CommandError } from "../../cli/errors.ts";
import { evaluate } from "../../cli/evaluation/evaluation.ts";
import { expectClasses, readFeatures } from "../../cli/evaluation/features.ts";
import type { EvaluationParts } from "../../cli/evaluation/parts.ts";
import { classesHash } from "../../cli/evaluation/sampled.ts";
import { writeFeatures } from "../../cli/evaluation/write_features.ts";
import { mergeNpz } from "../../cli/shards/merge_npz.ts";
import { Terminal } from "../../cli/terminal/terminal.ts";
import { openSource } from "../../src/data/open_source.ts";
import { prepare } from "../../src/data/prepare.ts";
import { rgb } from "../helpers/rgb.ts";
import { greyPng, withFolder, write } from "../data/scratch.ts";

Deno.test("features of a class-conditional network depend on the classes of the data", async () => {
  await withFolder(async (folder) => {
    const parts = {
      rin: {
        config: { ...rgb(16), frames: 1, numClasses: 2 },
        samples: async function* () {
          yield await Promise.resolve({ images: new Float32Array(2 * 3 * 16 * 16) });
        },
      },
      sampler: { batchSize: 2 },
      counts: { count: 2 },
      terminal: { note: () => {} },
    } as unknown as EvaluationParts;
    const share = { folder, shard: { index: 0, count: 1 }, checkpoint: "a", force: false };
    const dataOf = (...labels: number[]) => ({
      name: "few",
      imageSize: 16,
      count: 2,
      labels: Uint32Array.from(labels),
      read: () => Promise.resolve(new Uint8Array()),
    });
    const path = await writeFeatures(parts, dataOf(0, 1), share);
    await writeFeatures(parts, dataOf(0, 1), share);
    await assertRejects(
      () => writeFeatures(parts, dataOf(1, 0), share),
      CommandError,
      "with other settings",
    );

    const out = `${folder}/features.npz`;
    await mergeNpz({ paths: [path], out, force: false });
    const features = await readFeatures(out, "a");
    expectClasses(features, await classesHash(parts, dataOf(0, 1)));
    const refused = "their classes are not those of the training images";
    const other = await classesHash(parts, dataOf(1, 0));
    assertThrows(() => expectClasses(features, other), CommandError, refused);

    // Before it measures anything.
    const data = `${folder}/few.rindata`;
    await write(`${folder}/a/0.png`, await greyPng(9));
    await prepare(await openSource(`${folder}/a`), data, { picture: rgb(16) });
    const rin = { config: { ...parts.rin.config, frames: 1 } } as EvaluationParts["rin"];
    const wrong = { ...parts, rin, data: { data }, terminal: new Terminal(true), features };
    await assertRejects(() => evaluate(wrong), CommandError, refused);
  });
});
