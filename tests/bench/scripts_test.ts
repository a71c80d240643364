// Every script of bench/ works for a moment, until it says what shows that; what it measures is not
// looked at. Where a script has peers, which would be fetched, it works without them.

import { assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { clipPng } from "../../src/picture/clips.ts";
import { imagePng } from "../../src/picture/pictures.ts";
import { withFolder, write } from "../data/scratch.ts";
import { available } from "../helpers/gpu.ts";
import { movingShape } from "../helpers/moving_shapes.ts";
import { smallNet } from "../helpers/small_net.ts";
import { formatResults } from "../../bench/results.ts";
import { sampleResults } from "./sample_results.ts";
import { rgb } from "../helpers/rgb.ts";

const bench = fileURLToPath(new URL("../../bench/", import.meta.url));

/** How a script is run. */
interface Script {
  readonly args: readonly string[];
  /** What it prints once it works; it is then ended. Without it, it works to its end. */
  readonly shows?: RegExp;
  readonly gpu?: true;
  /** Of Deno; "run" by default. */
  readonly command?: "bench";
}

const ours = ["--contenders", "rin-cpu-1", "--networks", "faces", "--turns", "1"];

const SCRIPTS: Readonly<Record<string, Script>> = {
  "cluster.ts": { args: ["--model"], shows: /^\| imagenet1024 .* 256 /m },
  "compare.ts": { args: ours, shows: /^faces, turn 1, rin-cpu-1: step \d+ ms, sample \d+ ms$/m },
  "compare_products.ts": {
    args: ["1", "--contenders", "rin"],
    shows: /^512 x 128 x 128: done$/m,
    gpu: true,
  },
  "data.ts": { args: ["--size", "16", "--batch", "2", "--steps", "2", "a"], shows: /\d/ },
  "dispatches.ts": { args: ["faces"], shows: /^faces, train, batch 32: \d+ dispatches$/m },
  "first_step.ts": { args: ["rin-cpu-1", "faces"] },
  "futures.ts": {
    args: ["futures.safetensors", "clips", "out.png"],
    shows: /^a future: [\d.]+ \(2 clips\)$[^]*^Wrote out.png$/m,
  },
  "gpu.ts": {
    args: ["faces", "--short", "--gpu", "61,960", "--out", "gpu.json"],
    // The last of all, which takes a software adapter too long.
    shows: /^1 passed, 0 failed, 0 ignored$[^]*^faces: training with f32$/m,
    gpu: true,
  },
  "half.ts": { args: ["net.safetensors", "2"], shows: /^Files: [\d.]+ MB, [\d.]+ MB$/m, gpu: true },
  "half_training.ts": {
    args: [
      ...["curves", "--data", "a", "--image-size", "16", "--patch-size", "8", "--num-blocks", "1"],
      ...[
        "--latent-dim",
        "16",
        "--interface-dim",
        "16",
        "--num-latents",
        "2",
        "--block-depth",
        "1",
      ],
      ...["--batch-size", "1", "--steps", "2", "--sample-count", "1", "--sample-steps", "1"],
    ],
    shows: /^2 steps; 0 of f16 skipped$/m,
    gpu: true,
  },
  "history.ts": { args: ["history.html"], shows: /^Wrote history.html$/m },
  "kernels_bench.ts": {
    args: ["--filter", "copy"],
    shows: /GFLOP\/s/,
    gpu: true,
    command: "bench",
  },
  "learning.ts": { args: ["faces", "1"], shows: /^118 images, \d+ steps on /m, gpu: true },
  "memory.ts": { args: ["faces", "clips"], shows: /^\| faces, batch 32 /m, gpu: true },
  "moving_shapes.ts": { args: ["shapes"] },
  "overhead.ts": { args: ["2"], shows: /sampling: \d+ steps/, gpu: true },
  "pictures.ts": { args: ["a", "a"], shows: /^4 pictures: at most 0\/255 apart/m },
  "presets.ts": { args: ["faces"], shows: /^faces/m, gpu: true },
  "skylines.ts": { args: ["skylines", "1"] },
  "table.ts": { args: ["results.json", "--print"], shows: /^\| PyTorch, 1 thread /m },
  "wasm_ladder.ts": { args: [], shows: /^\| rows x columns/m },
  "wgsl.ts": { args: ["wgsl"], shows: /^wgsl: \d+ kernels$/m },
};

/**
 * Modules of these; edge.ts, which fetches runtimes; and gpu_static.ts and scaling.ts, which have tests
 * of their own.
 */
const OTHERS = [
  ...[
    "contenders.ts",
    "edge.ts",
    "gpu_static.ts",
    "machine.ts",
    "measure.ts",
    "our_product.ts",
    "results.ts",
  ],
  "scaling.ts",
  ...["wasm_loops.ts", "wasm_tape.ts"],
];

Deno.test("bench/ has no script that this file neither runs nor exempts", async () => {
  const names = await Array.fromAsync(Deno.readDir(bench), ({ name }) => name);
  const known = [...Object.keys(SCRIPTS), ...OTHERS].sort();
  assertEquals(names.filter((name) => name.endsWith(".ts")).sort(), known);
});

for (const [name, { args, shows, gpu, command = "run" }] of Object.entries(SCRIPTS)) {
  Deno.test({
    name: `bench/${name} runs`,
    ignore: gpu === true && !available,
    fn: () =>
      withFolder(async (cwd) => {
        await write(`${cwd}/net.safetensors`, smallNet(1));
        await write(
          `${cwd}/futures.safetensors`,
          smallNet(1, { imageSize: 8, frames: 4, contextFrames: 1 }),
        );
        for (const i of [0, 1]) {
          const clip = clipPng(movingShape(i, 4, 8), { ...rgb(8), frames: 4 });
          await write(`${cwd}/clips/${i}.png`, clip);
        }
        await write(`${cwd}/results.json`, formatResults(sampleResults));
        for (let i = 0; i < 4; i++) {
          await write(`${cwd}/a/${i}.png`, imagePng(new Float32Array(768).fill(i / 4), 0, rgb(16)));
        }
        const options = ["-A", "--no-check", "--no-lock", "--config", `${bench}../deno.json`];
        const child = new Deno.Command(Deno.execPath(), {
          args: [command, ...options, bench + name, ...args],
          cwd,
          env: { NO_COLOR: "1" },
          stdout: "piped",
          stderr: "piped",
        }).spawn();
        let said = "";
        let works = false;
        const listen = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
          for await (const text of stream.pipeThrough(new TextDecoderStream())) {
            said += text;
            if (works || !shows?.test(said)) continue;
            works = true;
            child.kill("SIGKILL");
          }
        };
        await Promise.all([listen(child.stdout), listen(child.stderr)]);
        const { code } = await child.status;
        if (works) return;
        assertEquals(code, 0, said);
        if (shows) assertMatch(said, shows);
      }),
  });
}
