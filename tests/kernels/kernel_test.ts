// What every kernel is made of: how it is put together, checked, and spread over workgroups.

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  forEach,
  GROUP,
  groupGrid,
  LANES,
  laneSum,
  laneType,
  laneWidth,
  launch,
  linearGrid,
  read,
  unroll,
  write,
} from "../../kernels/wgsl/kernel.ts";
import { x0Thresholds } from "../../kernels/wgsl/diffusion.ts";
import { lambStep, lambUpdate } from "../../kernels/wgsl/lamb.ts";
import { matmulTiled } from "../../kernels/wgsl/matmul_tiled.ts";
import { gpuTest } from "../helpers/gpu.ts";
import { runLaunch } from "./run_launch.ts";

const MOST = 65535;

Deno.test("launch() declares parameters and buffers, in order, before its body", () => {
  const made = launch("demo", { rows: 3, d: 5 }, [read("x"), false, write("y")], [2, 1, 1], "BODY");
  assertEquals(
    made.code,
    `struct Params { rows: u32, d: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;
BODY`,
  );
  assertEquals([made.params, made.bindings.map(({ name }) => name)], [[3, 5], ["x", "y"]]);
  const bare = launch("bare", {}, [write("y")], [1, 1, 1], "");
  assert(!bare.code.includes("Params"), "no parameters, no uniform");
});

Deno.test("launch() refuses parameters that are not u32 and grids that WebGPU refuses", () => {
  const make = (size: number, groups: [number, number, number]) => () =>
    launch("demo", { size }, [], groups, "");
  make(0, [1, 1, 1])();
  make(2 ** 32 - 1, [MOST, MOST, MOST])();
  for (const size of [-1, 1.5, NaN, Infinity, 2 ** 32]) {
    assertThrows(make(size, [1, 1, 1]), RangeError, `Cannot launch demo: size is ${size}`);
  }
  for (const groups of [[0, 1, 1], [1, MOST + 1, 1], [1, 1, 1.5], [NaN, 1, 1]] as const) {
    const error = assertThrows(make(1, [...groups]), RangeError, "Cannot launch demo");
    assertStringIncludes(error.message, "1 to 65535");
  }
});

Deno.test("matmulTiled() gives equal kernels one text for all sizes", () => {
  const of = (m: number, n: number, k: number) => matmulTiled({ layout: "nn", m, n, k }).code;
  assertEquals(of(16, 48, 32), of(256, 128, 64));
  assertEquals(of(512, 128, 64), of(1024, 256, 32));
  assertEquals(of(3, 5, 7), of(101, 203, 303));
});

Deno.test("laneWidth() is as wide as all sizes allow", () => {
  assertEquals([laneWidth(4, 8, 0), laneWidth(4, 6), laneWidth(3), laneWidth(12)], [4, 1, 1, 4]);
  assertEquals([laneType(4), laneType(1)], ["vec4<f32>", "f32"]);
  assertEquals([laneSum(1, "v"), laneSum(4, "v")], ["v", "dot(v, vec4<f32>(1.0))"]);
  assertEquals(unroll(3, (i) => `x${i}`, " "), "x0 x1 x2");
});

Deno.test("linearGrid() has an invocation for each element, within the limits", () => {
  assertEquals(linearGrid(0), [1, 1, 1]);
  assertEquals(linearGrid(1), [1, 1, 1]);
  assertEquals(linearGrid(LANES + 1), [2, 1, 1]);
  assertEquals(linearGrid(MOST * LANES), [MOST, 1, 1]);
  assertEquals(linearGrid(MOST * LANES + 1), [MOST, 2, 1]);
  assertEquals([groupGrid(7), groupGrid(3 * MOST), groupGrid(3 * MOST + 1)], [
    [7, 1, 1],
    [MOST, 3, 1],
    [MOST, 4, 1],
  ]);
  for (const count of [1, 63, 64, 4_194_240, 4_194_241, 100_000_000, 2 ** 32 - 1]) {
    const [x, y, z] = linearGrid(count);
    assert(x <= MOST && y <= MOST && z === 1);
    assert(x * y * LANES >= count, `${count} invocations asked for`);
  }
});

gpuTest("linearGrid() runs every index once when folded", async (gpu) => {
  // More than two rows of 65535 workgroups; only counters are stored: how many invocations ran, the
  // sum of i modulo 2^32, and the last 64 indices.
  const count = 2 * MOST * LANES + 77;
  const kernel = launch(
    "count",
    { count },
    [write("totals", "array<atomic<u32>>"), write("last", "array<u32>")],
    linearGrid(count),
    forEach(
      "p.count",
      `  atomicAdd(&totals[0], 1u);
  atomicAdd(&totals[1], i);
  if (p.count - i <= 64u) { last[p.count - 1u - i] = i; }`,
    ),
  );
  const found = await runLaunch(gpu, kernel, {
    totals: new Uint32Array(2),
    last: new Uint32Array(64),
  });
  const u32 = (values: Float32Array<ArrayBuffer>) => [...new Uint32Array(values.buffer)];
  const sum = Number(BigInt.asUintN(32, BigInt(count) * BigInt(count - 1) / 2n));
  assertEquals(u32(found.totals), [count, sum]);
  assertEquals(u32(found.last), Array.from({ length: 64 }, (_, i) => count - 1 - i));
});

gpuTest("a folded grid has every workgroup once", async (gpu) => {
  const count = MOST + 3;
  const kernel = launch(
    "count",
    { count },
    [write("y")],
    groupGrid(count),
    `@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>) {
  let at = ${GROUP};
  if (at < p.count) { y[at] += f32(at); }
}`,
  );
  const { y } = await runLaunch(gpu, kernel, { y: new Float32Array(count).fill(1) });
  assert(y.every((found, i) => found === 1 + i));
});

Deno.test("kernels of a workgroup for each part of their work fold their grids", () => {
  const m = 32 * (MOST + 1);
  for (
    const { code, workgroups } of [
      matmulTiled({ layout: "nt", m, n: 1, k: 3 }),
      x0Thresholds({ batch: MOST + 1, each: 1 }),
      lambStep({ chunks: MOST + 1 }),
      lambUpdate({ chunks: MOST + 1 }),
    ]
  ) {
    assertEquals(workgroups, [MOST, 2, 1]);
    assertStringIncludes(code, GROUP);
  }
});
