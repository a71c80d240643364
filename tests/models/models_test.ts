// The networks that come with the project: small, described, and fit to draw.

import { assert, assertEquals } from "@std/assert";
import { requestCpu } from "../../src/device/cpu/request.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { sha256 } from "../../src/model/identity.ts";

const models = new URL("../../models/", import.meta.url);
const cards = await Deno.readTextFile(new URL("README.md", models));

/** How many classes each knows. */
const CLASSES = { emoji: 10, faces: 0, fashion: 10 };

Deno.test("models/ has a card for each file", async () => {
  const names = await Array.fromAsync(Deno.readDir(models), ({ name }) => name);
  const files = Object.keys(CLASSES).map((name) => `${name}.safetensors`);
  assertEquals(names.sort(), ["README.md", ...files].sort());
  const titles = [...cards.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  assertEquals(titles.sort(), Object.keys(CLASSES).sort());
});

for (const [name, classes] of Object.entries(CLASSES)) {
  const read = () => Deno.readFile(new URL(`${name}.safetensors`, models));

  Deno.test(`models/${name} is under 3 MB in half precision, as its card says`, async () => {
    const bytes = await read();
    assert(bytes.length < 3e6, `${bytes.length} bytes`);
    const { config, dtype, about } = readCheckpoint(bytes);
    assertEquals([dtype, config.numClasses], ["f16", classes]);
    const [, card] = cards.split(`\n## ${name}\n`);
    const [own] = card.split("\n## ");
    assert(own.includes(`\`${await sha256(bytes)}\``), "the card names another file");
    for (const line of ["Data", "License", "Made by", "Evaluation"]) {
      assert(own.includes(`- **${line}.**`), `the card lacks ${line}`);
    }
    // Whoever gets the file alone has the credit with it.
    if (name !== "fashion") assert(JSON.stringify(about).includes("CC BY 4.0"), "no attribution");
  });

  Deno.test(`models/${name} draws pictures that differ by seed`, async () => {
    const device = await requestCpu();
    const rin = await Rin.load(device, await read());
    const labels = classes > 0 ? [3, 3] : undefined;
    const images = await rin.sample({ count: 2, sampler: "dpm++", steps: 5, seed: 1, labels });
    const half = images.length / 2;
    const [first, second] = [images.subarray(0, half), images.subarray(half)];
    const spread = (values: Float32Array) => Math.max(...values) - Math.min(...values);
    assert(spread(first) > 1 && spread(second) > 1, "a picture without contrast");
    assert(first.some((value, i) => Math.abs(value - second[i]) > 0.5), "the same picture twice");
    device.destroy();
  });
}
