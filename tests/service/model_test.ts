import { assertEquals } from "@std/assert";
import { describeModel } from "../../src/service/model.ts";
import { writeCheckpoint } from "../../src/model/checkpoint.ts";
import { completeConfig } from "../../src/model/config.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { sha256 } from "../../src/model/identity.ts";

Deno.test("describeModel() has all that a page needs of a checkpoint, its card and class names too", async () => {
  const config = completeConfig({
    imageSize: 8,
    patchSize: 4,
    latentDim: 8,
    interfaceDim: 8,
    numHeads: 2,
    numClasses: 2,
  });
  const slabs = { parameters: initialize(parameterLayout(config), 1) };
  const about = { trained_on: "pets", class_names: JSON.stringify(["cat", "dog"]) };
  const bytes = writeCheckpoint({ config, slabs, about });
  assertEquals(await describeModel("pets", bytes, true), {
    name: "pets",
    checkpoint: {
      url: "checkpoint.safetensors",
      sha256: await sha256(bytes),
      bytes: bytes.length,
    },
    config,
    classNames: ["cat", "dog"],
    about,
    server: true,
  });
  const broken = { ...about, class_names: "[1, 2" };
  const plain = writeCheckpoint({ config, slabs, about: broken });
  assertEquals((await describeModel("pets", plain, false)).classNames, undefined);
});
