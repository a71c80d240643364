// Our checkpoints in Python: the documented snippet, with another reader of the format.

import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { type Slabs, writeCheckpoint } from "../../../src/model/checkpoint.ts";
import { completeConfig } from "../../../src/model/config.ts";
import { initialize } from "../../../src/model/initialize.ts";
import { parameterLayout } from "../../../src/model/parameters.ts";
import type { Dtype } from "../../../src/model/safetensors.ts";
import { withFolder } from "../../data/scratch.ts";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

async function python(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("python3", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

const available = await python("-c", "print(3)").catch(() => "") === "3\n";

const config = completeConfig({
  imageSize: 8,
  patchSize: 4,
  latentDim: 12,
  interfaceDim: 9,
  numLatents: 3,
  numBlocks: 2,
  blockDepth: 2,
  numHeads: 3,
});
const layout = parameterLayout(config);
const [parameters, ema, adam_m, adam_v] = [1, 2, 3, 4].map((seed) => initialize(layout, seed));

const files: [name: string, slabs: Slabs, dtype: Dtype, used: Float32Array][] = [
  ["of a run: the moving average is used", { parameters, ema, adam_m, adam_v }, "f32", ema],
  ["with no moving average", { parameters, adam_m, adam_v }, "f32", parameters],
  ["exported in half precision", { parameters }, "f16", parameters.map((x) => Math.f16round(x))],
];

for (const [name, slabs, dtype, used] of files) {
  Deno.test({
    name: `writeCheckpoint() writes what Python opens under the original's names, ${name}`,
    ignore: !available,
    fn: () =>
      withFolder(async (folder) => {
        const file = `${folder}/a.safetensors`;
        await Deno.writeFile(file, writeCheckpoint({ config, slabs }, dtype));
        const docs = path("../../../docs/from-pytorch.md");
        const { sizes, state } = JSON.parse(await python(path("read_ours.py"), docs, file));
        assertEquals([sizes.latent_dim, sizes.num_heads, sizes.block_depth], [12, 3, 2]);
        assertEquals(Object.keys(state).sort(), layout.parameters.map(({ name }) => name).sort());
        for (const { name, offset, size } of layout.parameters) {
          assertEquals(Float32Array.from(state[name]), used.slice(offset, offset + size), name);
        }
      }),
  });
}
