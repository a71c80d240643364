// The choice of tiles by measurement. That no bit depends on it, the tests of the kernels show.

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type ProductSizes, tileFor, TILES } from "../../../kernels/wgsl/tiles.ts";
import { DeviceLimitError } from "../../../src/device/errors.ts";
import {
  fastestTile,
  submissions,
  type TileMemory,
  Tuner,
} from "../../../src/device/webgpu/tuner.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { temporary } from "../../../src/graph/tensor.ts";
import { gpuTest } from "../../helpers/gpu.ts";

const PRODUCT = { layout: "nt", m: 64, n: 32, k: 20 } as const;

function planOf(...products: readonly ProductSizes[]) {
  const plan = new Plan();
  for (const sizes of products) {
    const { m, n, k } = sizes;
    const [a, b, out] = [temporary(m, k), temporary(n, k), temporary(m, n)];
    plan.record("matmul", sizes, { a, b, out });
  }
  return plan;
}

/** A memory that shows what it holds and how often it was used. */
function memoryOf(text?: string) {
  const memory = { text, adapters: [] as string[], kept: 0 };
  const own: TileMemory = {
    recall: (adapter) => {
      memory.adapters.push(adapter);
      return Promise.resolve(memory.text);
    },
    keep: (_, tiles) => {
      memory.kept++;
      memory.text = tiles;
      return Promise.resolve();
    },
  };
  return { memory, own };
}

gpuTest("Tuner.learn() measures each product once and keeps the fastest tile", async (gpu) => {
  const { memory, own } = memoryOf();
  const before = gpu.bytes;
  const tuner = new Tuner(gpu, "adapter", own);
  const long = { layout: "tn", m: 20, n: 20, k: 1100 } as const;
  await Promise.all([tuner.learn(planOf(PRODUCT)), tuner.learn(planOf(PRODUCT, long))]);
  assertEquals([new Set(memory.adapters), memory.kept], [new Set(["adapter"]), 2]);
  assertEquals(gpu.bytes, before, "it leaves nothing behind");
  const { sides } = JSON.parse(memory.text!);
  assertEquals(Object.keys(sides), ["nt 64 32 20 20", "tn 20 20 1100 288"]);
  assertEquals(tuner.tileFor(PRODUCT, 20).side, sides["nt 64 32 20 20"]);
  await tuner.learn(planOf(long));
  assertEquals(memory.kept, 2, "nothing is new");
}, "timestamp-query");

gpuTest(
  "Tuner.tileFor() follows what was kept, unless it is damaged or of other tiles",
  async (gpu) => {
    const usual = tileFor(PRODUCT, 20);
    const other = TILES.find((tile) => tile !== usual)!;
    const sides = { "nt 64 32 20 20": other.side };
    const tiles = JSON.stringify(TILES);
    for (
      const [text, expected] of [
        [JSON.stringify({ tiles, sides }), other],
        [JSON.stringify({ tiles, sides: { "nt 64 32 20 20": 7 } }), usual],
      ] as const
    ) {
      const { memory, own } = memoryOf(text);
      const tuner = new Tuner(gpu, "adapter", own);
      await tuner.learn(planOf(PRODUCT));
      assertEquals([tuner.tileFor(PRODUCT, 20), memory.kept], [expected, 0]);
    }
    for (const text of ["{", "[]", "null", JSON.stringify({ tiles: "other", sides })]) {
      const { memory, own } = memoryOf(text);
      await new Tuner(gpu, "adapter", own).learn(planOf(PRODUCT));
      assertEquals(memory.kept, 1);
      assertNotEquals(memory.text, text);
    }
  },
  "timestamp-query",
);

Deno.test("submissions() are short, and leave out what takes a slow GPU too long", () => {
  const of = (...sizes: number[]) =>
    submissions(sizes.map((n) => ({ sizes: { layout: "nt", m: n, n, k: n }, part: n }) as const))
      .map((group) => group.map(({ sizes }) => sizes.n));
  assertEquals(of(64, 512, 64), [[64, 512, 64]]);
  assertEquals(of(2048, 2048, 64), [[2048], [2048, 64]]);
  assertEquals(of(64, 8192, 64), [[64, 64]]);
});

Deno.test("fastestTile() leaves the usual tile only for a neighbor that is clearly faster", () => {
  const product = { sizes: { layout: "nt", m: 2048, n: 768, k: 64 }, part: 64 } as const;
  const sideOf = (times: Record<number, number>) =>
    fastestTile(product, ({ side }) => times[side]).side;
  assertEquals(sideOf({ 128: 2, 64: 2, 32: 2, 16: 1 }), 64);
  assertEquals(sideOf({ 128: 1, 64: 2, 32: 1.5 }), 128);
  assertEquals(sideOf({ 128: 1.5, 64: 2, 32: 1 }), 32);
  assertEquals(sideOf({ 128: 1.96, 64: 2, 32: 3 }), 64);
  assertEquals(sideOf({}), 64);
});

gpuTest("Tuner.tileFor() is the usual tile of what was not measured", async (gpu) => {
  const full = new Proxy(gpu, {
    get: (target, key) => {
      if (key === "createBuffer") throw new DeviceLimitError("no memory");
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const tuner = new Tuner(full, "adapter");
  await tuner.learn(planOf({ layout: "nt", m: 512, n: 512, k: 64 }));
  for (const m of [1, 512, 4096]) {
    const sizes = { layout: "nt", m, n: 512, k: 64 } as const;
    assert(tuner.tileFor(sizes, 64) === tileFor(sizes, 64));
  }
});
