// Every script of bench/ begins its work; what it measures is not looked at.

import { assert, assertEquals } from "@std/assert";
import { imagePng } from "../../src/picture/pictures.ts";
import { withFolder, write } from "../data/scratch.ts";
import { available } from "../helpers/gpu.ts";
import { smallNet } from "../helpers/small_net.ts";

const bench = decodeURIComponent(new URL("../../bench/", import.meta.url).pathname);

/** How long a script may work on before it is taken for one that works, ms. */
const MOMENT = 2500;

/** Arguments by script; `gpu` where it needs one, `code` where another than 0 is right. */
const SCRIPTS: Record<string, { args: string[]; gpu?: boolean; code?: number }> = {
  "compare.ts": { args: ["--turns", "0"], code: 2 }, // its peers are fetched, so no further
  "data.ts": { args: ["--size", "16", "--batch", "2", "--steps", "2", "a"] },
  "gpu_static.ts": { args: ["--gpu", "fast"], code: 2 }, // it fetches Mesa, so no further
  "half.ts": { args: ["net.safetensors", "2"], gpu: true },
  "learning.ts": { args: ["faces", "1"], gpu: true },
  "memory.ts": { args: ["faces", "clips"], gpu: true },
  "moving_shapes.ts": { args: ["shapes"] },
  "pictures.ts": { args: ["a", "a"] },
  "presets.ts": { args: ["faces"], gpu: true },
  "wasm_ladder.ts": { args: [] },
  "wgsl.ts": { args: ["wgsl"] },
};

/** Modules of these, and those that need other projects fetched. */
const OTHERS = [
  ...["compare_products.ts", "contenders.ts", "first_step.ts", "kernels_bench.ts", "machine.ts"],
  ...["measure.ts", "our_product.ts", "results.ts", "table.ts", "wasm_loops.ts", "wasm_tape.ts"],
];

Deno.test("bench: every script is run below, or is none", async () => {
  const names = await Array.fromAsync(Deno.readDir(bench), ({ name }) => name);
  const known = [...Object.keys(SCRIPTS), ...OTHERS].sort();
  assertEquals(names.filter((name) => name.endsWith(".ts")).sort(), known);
});

for (const [name, { args, gpu, code = 0 }] of Object.entries(SCRIPTS)) {
  Deno.test({
    name: `bench: ${name} begins its work`,
    ignore: gpu === true && !available,
    fn: () =>
      withFolder(async (cwd) => {
        await write(`${cwd}/net.safetensors`, smallNet(1));
        for (let i = 0; i < 4; i++) {
          await write(`${cwd}/a/${i}.png`, imagePng(new Float32Array(768).fill(i / 4), 0, 16));
        }
        const child = new Deno.Command(Deno.execPath(), {
          args: [
            ...["run", "-A", "--no-check", "--no-lock", "--config", `${bench}../deno.json`],
            ...[bench + name, ...args],
          ],
          cwd,
          stdout: "null",
          stderr: "piped",
        }).spawn();
        const said = new Response(child.stderr).text();
        let ended = false;
        const timer = setTimeout(() => {
          if (!ended) child.kill("SIGKILL");
        }, MOMENT);
        const status = await child.status;
        ended = true;
        clearTimeout(timer);
        assert(status.signal === "SIGKILL" || status.code === code, await said);
        await said;
      }),
  });
}
