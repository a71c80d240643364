// Inception against PyTorch, with weights that both make from a hash of their names.

import { assertEquals, assertThrows } from "@std/assert";
import { recordInception } from "../../src/eval/inception/inception.ts";
import { resizeBilinear } from "../../src/eval/inception/resize.ts";
import { foldedConvolution } from "../../src/eval/inception/weights.ts";
import type { Device } from "../../src/device/device.ts";
import { CheckpointError, type NamedArray } from "../../src/model/safetensors.ts";
import { assertClose, assertWithin } from "../helpers/close.ts";
import { deviceTest } from "../helpers/devices.ts";
import { fnv1a32 } from "../helpers/golden.ts";
import { inceptionShapes } from "./inception_shapes.ts";
import reference from "./fixtures/inception.json" with { type: "json" };

/** Numbers of [0, 1), as inception.py makes them of a name. */
function hashed(name: string, count: number): Float64Array {
  const s = fnv1a32(name);
  return Float64Array.from({ length: count }, (_, i) => {
    let z = s + Math.imul(i + 1, 0x9E3779B9);
    z ^= z >>> 16;
    z = Math.imul(z, 0x21F0AAAD);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735A2D97);
    z ^= z >>> 15;
    return (z >>> 8) / 2 ** 24;
  });
}

function weight(name: string, shape: readonly number[]): NamedArray {
  const size = shape.reduce((a, b) => a * b);
  const u = hashed(name, size);
  const bound = Math.sqrt(6 * shape[0] / size);
  const value = name.endsWith("conv.weight")
    ? (x: number) => (2 * x - 1) * bound
    : /running_var|bn\.weight/.test(name)
    ? (x: number) => 0.8 + 0.4 * x
    : (x: number) => 0.2 * x - 0.1;
  return { shape, data: Float32Array.from(u, value) };
}

let made: Map<string, NamedArray> | undefined;
const weights = () =>
  made ??= new Map(inceptionShapes().map(([name, shape]) => [name, weight(name, shape)]));

const SIZE = 32;
/** Two pictures in [-1, 1]. */
const pictures = Float32Array.from(
  hashed("images", 2 * 3 * SIZE * SIZE),
  (u) => 2 * Math.fround(u) - 1,
);

async function run(gpu: Device, side: number): Promise<Float32Array> {
  const { plan, input, sums, pixels, parameters } = recordInception(weights(), 2, side);
  for (const { tensor, values } of parameters) gpu.write(tensor, values);
  const program = await gpu.compile(plan);
  try {
    gpu.write(input, resizeBilinear(pictures, SIZE, side));
    program.run();
    return (await gpu.read(sums)).map((value) => value / pixels);
  } finally {
    program.destroy();
    gpu.release(...[input, sums, ...parameters.map((p) => p.tensor)].map((t) => t.storage!));
  }
}

deviceTest("recordInception() gives PyTorch's features at 107 pixels", async (gpu) => {
  const before = gpu.bytes;
  assertClose("features", await run(gpu, 107), reference["107"].flat(), 1e-5);
  assertEquals(gpu.bytes, before);
});

Deno.test("resizeBilinear() gives PyTorch's pixels", () => {
  const found = resizeBilinear(pictures, SIZE, 75);
  reference.resized.forEach((column, c) =>
    column.forEach((value, i) =>
      assertWithin("pixel", [found[(10 * i * 75 + 5) * 3 + c]], [value], 1e-6)
    )
  );
  // Without a change of size nothing changes but the order.
  const same = resizeBilinear(pictures, SIZE, SIZE);
  assertEquals(same[3 * 70 + 1], pictures[SIZE * SIZE + 70]);
});

Deno.test("rin eval refuses files that are not Inception's", () => {
  const tensors = new Map(weights());
  tensors.delete("Mixed_6c.branch7x7_2.bn.bias");
  const record = () => recordInception(tensors, 1, 75);
  assertThrows(record, CheckpointError, "it lacks the tensor Mixed_6c.branch7x7_2.bn.bias");
  tensors.set("Mixed_5b.branch1x1.conv.weight", weight("w", [64, 100, 1, 1]));
  assertThrows(record, CheckpointError, "takes 100 channels, expected 192");
  tensors.set("Conv2d_1a_3x3.bn.bias", weight("b", [31]));
  assertThrows(record, CheckpointError, "has 31 numbers, expected 32");
  assertThrows(
    () => foldedConvolution(new Map([["a.conv.weight", weight("w", [3, 4])]]), "a"),
    CheckpointError,
    "expected 4 axes",
  );
});
