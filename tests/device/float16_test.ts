// Halves as their bits, against the engine's own Float16Array.

import { assertEquals } from "@std/assert";
import { fromFloat16, toFloat16 } from "../../src/device/float16.ts";

const ALL = Uint16Array.from({ length: 65_536 }, (_, i) => i);

const bitsOf = (halves: Float16Array<ArrayBuffer>) =>
  new Uint16Array(halves.buffer, halves.byteOffset, halves.length);

Deno.test("fromFloat16() gives every half its value", () => {
  assertEquals(fromFloat16(ALL), new Float32Array(new Float16Array(ALL.buffer)));
});

Deno.test("toFloat16() rounds like the engine, ties to even", () => {
  const halves = [...fromFloat16(ALL)].filter((value) => !Number.isNaN(value));
  // Each half, what lies in the middle to the next, and the floats beside both.
  const near = (value: number) => {
    const float = Float32Array.of(value);
    const bits = new Uint32Array(float.buffer)[0];
    const around = Uint32Array.of(bits, bits - (bits ? 1 : 0), bits + 1);
    return [...new Float32Array(around.buffer)].filter((value) => !Number.isNaN(value));
  };
  const floats = Float32Array.from([
    ...halves.flatMap((value, i) => [
      ...near(value),
      ...Number.isFinite(value) ? near((value + (halves[i + 1] ?? 0)) / 2) : [],
    ]),
    ...[65_519.996, 65_520, 3e38, -3e38, 1e-45, -1e-45, 2 ** -25, 2 ** -24, 0, -0],
  ]);
  assertEquals(toFloat16(floats), bitsOf(new Float16Array(floats)));
  const offset = floats.subarray(3, 50);
  assertEquals(toFloat16(offset), bitsOf(new Float16Array(offset)));
  assertEquals(fromFloat16(toFloat16(Float32Array.of(NaN))), Float32Array.of(NaN));
});
