import { assert, assertEquals } from "@std/assert";
import { colorsOf, enlarged, heatColor, heatMap } from "../../src/picture/heat_map.ts";
import { assertWithin, data } from "../helpers/close.ts";

const PICTURE = { imageSize: 4, channels: 3, frames: 1, patchSize: 2, patchFrames: 1 } as const;

/** The three values of a pixel, from 0 to 1. */
const pixel = (image: Float32Array, at: number) =>
  [0, 1, 2].map((channel) => (image[channel * 16 + at] + 1) / 2);

Deno.test("heatMap() colors patches by the logarithm of their share", () => {
  const gray = new Float32Array(3 * 16).fill(0.3);
  const heat = heatMap(gray, [0, 1 / 32, 1 / 4, 25], PICTURE);
  const [first, second, third, last] = [0, 2, 8, 10].map((at) => pixel(heat, at));
  assertWithin("no more than an eighth", first, second, 0);
  assertWithin("even", third, heatColor(1), 1e-6);
  assertWithin("at most", last, heatColor(8), 1e-6);
  const brightness = [1 / 8, 1 / 3, 1, 3, 8].map((share) =>
    heatColor(share).reduce((a, b) => a + b)
  );
  assert(brightness.every((value, i) => i === 0 || value > brightness[i - 1] + 0.2));
  // A patch is one square: rows 0 and 1, columns 2 and 3.
  assertEquals([2, 3, 6, 7].map((at) => pixel(heat, at)), Array(4).fill(second));
});

Deno.test("heatMap() shows outlines, and leaves a patch's mean color as its share has it", () => {
  const image = Float32Array.from(data(3 * 16, 5, 0.5));
  const heat = heatMap(image, Array(4).fill(1 / 4), PICTURE);
  const patch = [0, 1, 4, 5].map((at) => pixel(heat, at));
  const mean = [0, 1, 2].map((c) => patch.reduce((sum, color) => sum + color[c] / 4, 0));
  assertWithin("mean", mean, heatColor(1), 1e-6);
  assert(patch.some(([red]) => Math.abs(red - mean[0]) > 0.02), "outlines");
});

Deno.test("enlarged() makes squares of pixels", () => {
  const image = Float32Array.from({ length: 12 }, (_, i) => i);
  const large = enlarged(image, { imageSize: 2, channels: 3 }, 3);
  assertEquals([...large.subarray(36, 48)], [4, 4, 4, 5, 5, 5, 4, 4, 4, 5, 5, 5]);
  assertEquals(large.length, 3 * 36);
});

Deno.test("heatMap() takes pictures of other channels and sides", () => {
  const gray = Float32Array.from(data(4 * 2, 6, 0.5));
  const wide = { ...PICTURE, imageSize: "4x2" } as const;
  const map = [1 / 2, 1 / 4];
  const heat = heatMap(gray, map, { ...wide, channels: 1 });
  assertEquals(heat.length, 3 * 8);
  assertEquals(heat, heatMap(Float32Array.of(...gray, ...gray, ...gray), map, wide));
  const tall = enlarged(gray, { imageSize: "4x2", channels: 1 }, 2);
  assertEquals([...tall.subarray(16, 20)], [gray[4], gray[4], gray[5], gray[5]]);
});

Deno.test("colorsOf() shows gray in all colors, and what is transparent on white", () => {
  const of = (channels: 1 | 3 | 4, ...values: number[]) => {
    const imageSize = "2x1" as const;
    return [...colorsOf(Float32Array.from(values), { imageSize, channels, frames: 1 })];
  };
  assertEquals(of(1, -1, 0.5), [-1, 0.5, -1, 0.5, -1, 0.5]);
  assertEquals(of(3, 1, 2, -3, 0.25, -0.5, 0), [1, 1, -1, 0.25, -0.5, 0]);
  // Opaque, and half transparent.
  assertEquals(of(4, -1, -1, 0, 0, 0.5, 1, 1, 0), [-1, 0, 0, 0.5, 0.5, 1]);
});
