// Finite weights can still lead beyond all numbers: that is an error, never a black picture.

import { assertEquals, assertRejects } from "@std/assert";
import { SamplingError } from "../../src/diffusion/errors.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { createService } from "../../src/service/service.ts";
import { deviceTest } from "../helpers/devices.ts";
import { CHECKPOINT } from "../service/tiny_service.ts";

/** A checkpoint with one tensor of the largest numbers, whose products have no number any more. */
function enormous(name: string): Uint8Array<ArrayBuffer> {
  const { config, slabs: { parameters } } = readCheckpoint(CHECKPOINT);
  const { offset, size } = parameterLayout(config).parameters.find((p) => p.name === name)!;
  parameters.fill(3e38, offset, offset + size);
  return writeCheckpoint({ config, slabs: { parameters } });
}

deviceTest("Rin.sample() throws if a number is not finite", async (device) => {
  for (const name of ["blocks.0.compute_mlp.0.3.weight", "blocks.0.write_mlp.3.weight"]) {
    const rin = await Rin.load(device, enormous(name));
    for (const options of [{}, { clip: false }, { guidance: 2, labels: [0, 1], count: 2 }]) {
      const failed = () => rin.sample({ count: 2, steps: 3, ...options });
      await assertRejects(failed, SamplingError, "Image 0 has numbers that are not finite");
    }
    rin.destroy();
  }
});

deviceTest("createService() answers an error if a number is not finite", async (device) => {
  const checkpoint = enormous("blocks.0.compute_mlp.0.3.weight");
  const rin = await Rin.load(device, checkpoint);
  const service = await createService({ rin, checkpoint });
  const answer = await service.fetch(
    new Request("http://localhost/v1/images", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"steps": 2}',
    }),
  );
  const { error } = await answer.json();
  assertEquals(answer.status, 500);
  assertEquals(error.split(":")[0], "Image 0 has numbers that are not finite");
  service.close();
  rin.destroy();
}, ["cpu"]);
