// Checkpoints are read from whatever holds their bytes.

import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { CheckpointError, type CheckpointSource, Rin } from "../../src/sampling.ts";
import { createService } from "../../src/service/service.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { cpuTest } from "../helpers/devices.ts";

const CONFIG = { imageSize: 8, patchSize: 4, latentDim: 8, numLatents: 4, numHeads: 2 };

/** The same bytes in everything that can hold them. */
function sourcesOf(bytes: Uint8Array<ArrayBuffer>): Record<string, CheckpointSource> {
  const moved = new Uint8Array([...[7, 7, 7], ...bytes, 7]);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return {
    "a Uint8Array": bytes,
    "a view into a larger buffer, of odd offset": moved.subarray(3, 3 + bytes.length),
    "an ArrayBuffer": bytes.buffer,
    "a Buffer": Buffer.from(bytes),
    "a Buffer into a larger buffer": Buffer.from(moved.buffer, 3, bytes.length),
    "a DataView": new DataView(moved.buffer, 3, bytes.length),
    "memory that threads share": shared,
    "its SharedArrayBuffer": shared.buffer,
    "a Blob": new Blob([bytes]),
    "a File": new File([bytes], "last.safetensors"),
    "a Response": new Response(bytes),
  };
}

cpuTest(
  "networks, runs, and services begin from any holder of a checkpoint's bytes",
  async (cpu) => {
    const trainer = await Trainer.create(cpu, CONFIG, { batchSize: 1 });
    const bytes = await trainer.save();
    trainer.destroy();
    const expected = (await Rin.load(cpu, bytes)).parameters();
    for (const [name, source] of Object.entries(sourcesOf(bytes))) {
      const rin = await Rin.load(cpu, source);
      assertEquals(await rin.parameters(), await expected, name);
      rin.destroy();
    }
    for (const [name, source] of Object.entries(sourcesOf(bytes))) {
      const resumed = await Trainer.resume(cpu, source);
      assertEquals(resumed.stepsDone, 0, name);
      resumed.destroy();
    }
    const rin = await Rin.load(cpu, bytes);
    for (const [name, checkpoint] of Object.entries(sourcesOf(bytes))) {
      const { fetch } = await createService({ rin, checkpoint });
      const answer = await fetch(new Request("http://localhost/checkpoint.safetensors"));
      assertEquals(new Uint8Array(await answer.arrayBuffer()), bytes, name);
    }
    rin.destroy();
  },
);

cpuTest("Rin.load(), Trainer, and createService() name what holds no checkpoint", async (cpu) => {
  const wrong: [source: unknown, message: string][] = [
    ["runs/faces", 'The checkpoint is "runs/faces": expected its bytes, a Blob or a Response'],
    [undefined, "The checkpoint is undefined: expected its bytes"],
    [null, "The checkpoint is null: expected its bytes"],
    [
      Promise.resolve(new Uint8Array()),
      "The checkpoint is a value of Promise: expected its bytes, a Blob or a Response",
    ],
    [{ bytes: 1 }, 'The checkpoint is {"bytes":1}'],
    [[1, 2], "The checkpoint is [1,2]"],
    [new Response("none", { status: 404 }), "The answer has status 404: expected a checkpoint"],
    [new ArrayBuffer(3), "it has 3 bytes, too few for a safetensors header"],
  ];
  for (const [source, message] of wrong) {
    const given = source as CheckpointSource;
    await assertRejects(() => Rin.load(cpu, given), CheckpointError, message);
    if (!(source instanceof Response)) {
      await assertRejects(() => Trainer.resume(cpu, given), CheckpointError, message);
    }
  }
});
