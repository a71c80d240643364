// Images of other channels and sides, as the feature spaces see them.

import { assertEquals } from "@std/assert";
import { rgbBytes } from "../../src/eval/feature_set.ts";
import { resizeBilinear } from "../../src/eval/inception/resize.ts";
import { scattering } from "../../src/eval/scattering.ts";

const floats = (bytes: number[]) => Float32Array.from(bytes, (byte) => byte / 127.5 - 1);

Deno.test("rgbBytes() repeats gray, and puts opacity on white", () => {
  const gray = { imageSize: "2x1", channels: 1 } as const;
  assertEquals([...rgbBytes(floats([1, 2, 3, 4]), gray)], [1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4]);
  const clear = [0, 100, 0, 100, 0, 100, 0, 255];
  const rgba = { imageSize: "2x1", channels: 4 } as const;
  assertEquals([...rgbBytes(floats(clear), rgba)], [255, 100, 255, 100, 255, 100]);
});

Deno.test("the spaces take sides that differ: one stretches, the other sees the center", async () => {
  // (3, 2, 4): columns of 0, 1, 2 and 3.
  const wide = Float32Array.from({ length: 24 }, (_, i) => i % 4);
  const squared = resizeBilinear(wide, "4x2", 2);
  assertEquals([...squared].filter((_, i) => i % 3 === 0), [0.5, 2.5, 0.5, 2.5]);
  const [narrow, tall] = [{ imageSize: 8, channels: 3 }, {
    imageSize: "8x12",
    channels: 3,
  }] as const;
  const square = Float32Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i));
  const longer = new Float32Array(3 * 96);
  for (let c = 0; c < 3; c++) longer.set(square.subarray(64 * c, 64 * c + 64), 96 * c + 16);
  const [own] = await scattering.features(square, narrow);
  const [cut] = await scattering.features(longer, tall);
  assertEquals(cut.length, own.length);
  // Their colors: only the filter at the edges sees a little of what is beyond.
  cut.forEach((value, i) => assertEquals(Math.abs(value - own[i]) < 0.5, true, `${i}`));
});
