// The examples that serve, each in its own runtime: a picture is the same file to the byte
// as `rin sample` makes on this machine's CPU device.

import { assert, assertEquals } from "@std/assert";
import { withFolder } from "../data/scratch.ts";
import { requestCpu } from "../../src/device/cpu/request.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { recordIn } from "../../src/picture/record.ts";
import { createService } from "../../src/service/service.ts";
import { sample } from "./sample.ts";
import { CHECKPOINT, post, serve, type ServerExample, SERVERS, type Started } from "./served.ts";

const ASKED = { seed: 7, steps: 5 };

/** What a device with the exact build makes here, for runtimes without relaxed SIMD. */
async function madeExactly(): Promise<string> {
  const url = new URL("../../kernels/wasm/exact.wasm", import.meta.url);
  const module = await WebAssembly.compile(await Deno.readFile(url));
  const device = await requestCpu({ module });
  const rin = await Rin.load(device, CHECKPOINT);
  const service = await createService({ rin, checkpoint: CHECKPOINT });
  const headers = { "content-type": "application/json" };
  const asked = { method: "POST", headers, body: JSON.stringify(ASKED) };
  const answer = await service.fetch(new Request("http://localhost/v1/images", asked));
  device.destroy();
  return (await answer.bytes()).toBase64();
}

async function assertSamePicture(
  folder: string,
  { url }: Started,
  relaxed: boolean,
): Promise<void> {
  const answer = await post(url, ASKED);
  const found = await answer.bytes();
  assertEquals([answer.status, answer.headers.get("content-type")], [200, "image/png"]);
  const expected = await (relaxed ? sample(folder, "--seed", "7", "--steps", "5") : madeExactly());
  assertEquals(recordIn(found), recordIn(Uint8Array.fromBase64(expected)));
  assertEquals(found.toBase64(), expected);
}

/** What is no picture is a sentence. */
async function assertSentences({ url }: Started): Promise<void> {
  const refused = await post(url, { ...ASKED, steps: 0 });
  const { error } = await refused.json();
  assertEquals([refused.status, error], [
    400,
    "steps is 0: expected a whole number from 1 to 1000",
  ]);
  for (const path of ["none", "/", "v1/images?%", "%00"]) {
    const answer = await fetch(url + path);
    await answer.text();
    assert(answer.status < 500, `${path}: ${answer.status}`);
  }
}

async function assertStreams({ url }: Started): Promise<void> {
  const answer = await fetch(`${url}v1/images/stream?seed=1&steps=4&previews=2`);
  const names = (await answer.text()).match(/(?<=^event: )(preview|image|done)/gm);
  assertEquals(names, ["preview", "image", "done"]);
}

for (const [name, example] of Object.entries<ServerExample>(SERVERS)) {
  const program = await example.program();
  Deno.test({
    name: `examples/${name} serves`,
    ignore: program === undefined,
    fn: () =>
      withFolder(async (folder) => {
        const served = await serve(folder, program!, example);
        try {
          // JavaScriptCore has no relaxed SIMD.
          await assertSamePicture(folder, served, name !== "bun");
          await assertSentences(served);
          await assertStreams(served);
          const { code, said } = await served.stop("SIGTERM");
          assertEquals([code, /error/i.test(said)], [0, false], said);
        } finally {
          await served.stop();
        }
      }),
  });
}
