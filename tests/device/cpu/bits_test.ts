// The same bits on the CPU: for any number of threads, for the host's slices, for two runs, for a run
// that was resumed, and in every runtime.

import { assert, assertEquals } from "@std/assert";
import { type CpuOptions, requestCpu } from "../../../src/device/cpu/request.ts";
import { RandomStream } from "../../../src/nn/random.ts";
import type { TrainOptions } from "../../../src/train/options.ts";
import { Trainer } from "../../../src/train/trainer.ts";
import type { Drawing } from "./drawing.ts";
import {
  bundle,
  chromium,
  currentBun,
  currentNode,
  inChromium,
  ISOLATED,
  node,
  output,
} from "./runtimes.ts";

async function wasm(name: string): Promise<WebAssembly.Module> {
  const url = new URL(`../../../kernels/wasm/${name}.wasm`, import.meta.url);
  return await WebAssembly.compile(await Deno.readFile(url));
}

/** Large enough that every operation is cut into several tiles. */
const NETWORK = {
  imageSize: 32,
  patchSize: 4,
  latentDim: 64,
  interfaceDim: 48,
  numLatents: 20,
  numBlocks: 2,
  numHeads: 4,
  numClasses: 3,
};

const BATCH = 6;

const OPTIONS: Partial<TrainOptions> = {
  batchSize: BATCH,
  steps: 10,
  warmup: 2,
  lr: 1e-3,
  dropout: 0.1,
  dropPath: 0.1,
  labelDropout: 0.2,
  emaWarmup: "none",
  emaDecay: 0.5,
  seed: 7,
};

/** What can differ between two runs of the same. */
interface Run {
  readonly losses: readonly number[];
  readonly checkpoint: Uint8Array<ArrayBuffer>;
  readonly images: Float32Array<ArrayBuffer>;
}

async function train(trainer: Trainer, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const stream = new RandomStream(trainer.stepsDone, 1);
    const length = BATCH * 3 * NETWORK.imageSize ** 2;
    const images = Float32Array.from({ length }, (_, i) => 2 * stream.uniform(i) - 1);
    const labels = Uint32Array.from({ length: BATCH }, (_, i) => i % NETWORK.numClasses);
    losses.push((await trainer.step(images, labels)).loss);
  }
  return losses;
}

async function run(
  cpu: CpuOptions,
  options: Partial<TrainOptions>,
  steps: number,
  from?: Uint8Array<ArrayBuffer>,
): Promise<Run> {
  const device = await requestCpu(cpu);
  try {
    const trainer = from
      ? await Trainer.resume(device, from)
      : await Trainer.create(device, NETWORK, { ...OPTIONS, ...options });
    const losses = await train(trainer, steps);
    const checkpoint = await trainer.save();
    const images = await trainer.average.sample({
      count: 3,
      steps: 4,
      sampler: "dpm++",
      guidance: 2,
      labels: [0, 1, 2],
      seed: 5,
    });
    return { losses, checkpoint, images };
  } finally {
    device.destroy();
  }
}

/** The first byte in which two arrays differ. */
function firstDifference(a: Uint8Array | Float32Array, b: Uint8Array | Float32Array) {
  const [x, y] = [a, b].map((array) =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  );
  if (x.length !== y.length) return -1;
  const index = x.findIndex((byte, i) => byte !== y[i]);
  return index < 0 ? undefined : index;
}

function assertSame(name: string, found: Run, expected: Run): void {
  assertEquals(found.losses, expected.losses, `${name}: losses`);
  for (const what of ["checkpoint", "images"] as const) {
    const index = firstDifference(found[what], expected[what]);
    assertEquals(index, undefined, `${name}: ${what} differ at byte ${index}`);
  }
}

const TRAININGS: Record<string, Partial<TrainOptions>> = {
  AdamW: {},
  "LAMB, accumulating": { optimizer: "lamb", accumulate: 2 },
};

for (const [name, options] of Object.entries(TRAININGS)) {
  for (const build of ["fused", "exact"]) {
    Deno.test(`training gives the same bits with any number of threads and on the host (${name}, ${build})`, async () => {
      const module = await wasm(`${build}_threads`);
      const first = await run({ threads: 1, module }, options, 3);
      assert(first.losses.every(Number.isFinite) && first.images.every(Number.isFinite));
      for (const threads of [2, 5, 5]) {
        const other = await run({ threads, module }, options, 3);
        assertSame(`${threads} threads`, other, first);
      }
      assertSame("the host", await run({ module: await wasm(build) }, options, 3), first);
    });
  }
}

Deno.test("Trainer.resume() continues from 2 threads on 5 with identical bits", async () => {
  const whole = await run({ threads: 2 }, {}, 6);
  const half = await run({ threads: 2 }, {}, 3);
  const five = await run({ threads: 5 }, {}, 3, half.checkpoint);
  const expected = { ...whole, losses: whole.losses.slice(3) };
  assertSame("5 threads", five, expected);
  assert(firstDifference(half.checkpoint, whole.checkpoint) !== undefined);
});

const script = new URL("drawing.ts", import.meta.url);
const bundled = await bundle(script);

let here: Promise<Drawing[]> | undefined;

/** What this Deno draws, in a process of its own as all others. */
function drawnHere(): Promise<Drawing[]> {
  return here ??= output(Deno.execPath(), "run", "--no-prompt", script.href).then(JSON.parse);
}

Deno.test("Rin.sample() gives other bits with each arithmetic", async () => {
  const [standard, exact] = await drawnHere();
  assertEquals([standard.threads, exact.threads, exact.arithmetic], [2, 1, "exact"]);
  assertEquals(standard.checkpoint === exact.checkpoint, standard.arithmetic === "exact");
  assertEquals([...Uint8Array.fromBase64(standard.picture).subarray(1, 4)], [80, 78, 71]);
});

/**
 * A runtime draws what this Deno draws; ignored where it is absent.
 *
 * @param threads that the first device is to have, and its arithmetic if it isn't Deno's
 */
function runtimeTest(
  name: string,
  runtime: string | undefined,
  expected: { threads: number; arithmetic?: string },
  draw: () => Promise<string>,
): void {
  Deno.test({
    name: `a 25-step picture has the same bytes in ${name}`,
    ignore: runtime === undefined,
    fn: async () => {
      const [standard, exact] = await drawnHere();
      const found: Drawing[] = JSON.parse(await draw());
      assertEquals(found.map(({ threads }) => threads), [expected.threads, 1]);
      const arithmetic = expected.arithmetic ?? standard.arithmetic;
      assertEquals(found.map((drawing) => drawing.arithmetic), [arithmetic, "exact"]);
      for (const drawing of found) {
        const same = drawing.arithmetic === "exact" ? exact : standard;
        assertEquals([drawing.picture, drawing.checkpoint], [same.picture, same.checkpoint]);
      }
    },
  });
}

const THREADS = { threads: 2 };

const current = await currentNode();
runtimeTest("a current Node", current, THREADS, () => output(current!, bundled));

// Node 20 has no relaxed SIMD: it draws by the exact arithmetic, in threads.
const own = node && Number(/\d+/.exec(await output(node, "--version"))![0]);
runtimeTest(
  "the machine's own Node",
  node,
  { ...THREADS, arithmetic: own && own < 21 ? "exact" : undefined },
  () => output(node!, bundled),
);

// Another engine: JavaScriptCore, which has no relaxed SIMD.
const bun = await currentBun();
runtimeTest("Bun", bun, { ...THREADS, arithmetic: "exact" }, () => output(bun!, bundled));

runtimeTest("Chromium, threads", chromium, THREADS, () => inChromium(bundled, ISOLATED));
runtimeTest("Chromium, no threads", chromium, { threads: 1 }, () => inChromium(bundled, {}));
