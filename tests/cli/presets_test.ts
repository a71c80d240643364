// Presets by the paper's names: sizes of what they train, without a GPU.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PRESETS } from "../../src/run/presets.ts";
import { resolveSettings } from "../../cli/options/resolve.ts";
import { countParameters, parameterLayout } from "../../src/model/parameters.ts";
import { parameterShapes } from "../helpers/golden.ts";
import { complaint, rin } from "./rin.ts";

Deno.test("presets: each builds, with parts that divide its batch", () => {
  for (const name of Object.keys(PRESETS)) {
    const { settings: { network, training } } = resolveSettings(name, {}, {});
    const found = parameterLayout(network).parameters.map(({ name, shape }) =>
      [name, [...shape]] as const
    );
    assertEquals(new Map(found), parameterShapes(network), name);
    assertEquals(training.batchSize % training.accumulate, 0, name);
  }
});

Deno.test("presets: the paper's are as large as it says", () => {
  // CIFAR-10 31 M; the table's 410 M at 128 px counts wider warm starts.
  const paper = { cifar10: 31e6, imagenet128: 410e6 };
  for (const [name, size] of Object.entries(paper)) {
    const found = countParameters(resolveSettings(name, {}, {}).settings.network);
    assert(Math.abs(found / size - 1) < 0.03, `${name} has ${found} parameters`);
  }
});

Deno.test("presets: what the released configs say", () => {
  const { network, training } = resolveSettings("cifar10", {}, {}).settings;
  assertEquals([network.numBlocks, network.blockDepth], [3, 2]);
  assertEquals([network.numLatents, network.latentDim, network.interfaceDim], [128, 512, 256]);
  assertEquals([training.optimizer, training.lr, training.batchSize], ["lamb", 3e-3, 256]);
  assertEquals([training.dropout, training.dropPath], [0.1, 0.1]);
  const imagenet = resolveSettings("imagenet64", {}, {}).settings;
  assertEquals([imagenet.network.schedule, imagenet.training.lrSchedule], ["linear", "cosine@0.7"]);
  assertEquals([imagenet.network.latentDim, imagenet.training.batchSize], [768, 1024]);
});

Deno.test("info: describes a preset", async () => {
  const { code, stdout, stderr } = await rin(["info", "--preset", "cifar10"]);
  assertEquals([code, stderr], [0, ""]);
  for (
    const text of [
      "30,557,708",
      "8.56 GFLOP a pass",
      "to train with 256",
      "timeConditioning   token",
    ]
  ) {
    assertStringIncludes(stdout, text);
  }
  const both = await rin(["info", "--preset", "cifar10", "runs/x"]);
  assertStringIncludes(complaint(both, 2), "got both");
});
