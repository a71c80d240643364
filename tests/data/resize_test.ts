import { assert, assertEquals, assertThrows } from "@std/assert";
import { resizeCrop, RESIZES } from "../../src/data/resize.ts";
import { rgb } from "../helpers/rgb.ts";

/** One row of gray values as an RGB image. */
function grey(width: number, height: number, values: number[]) {
  return { width, height, data: Uint8Array.from(values.flatMap((v) => [v, v, v])) };
}

const plane = (planar: Uint8Array, size: number, c = 0) => [
  ...planar.subarray(c * size * size, (c + 1) * size * size),
];

Deno.test("resizeCrop() copies the same size exactly, interleaved to planar", () => {
  const data = Uint8Array.from({ length: 12 }, (_, i) => i * 20);
  assertEquals(
    [...resizeCrop({ width: 2, height: 2, data }, rgb(2))],
    [0, 60, 120, 180, 20, 80, 140, 200, 40, 100, 160, 220],
  );
});

Deno.test("resizeCrop() keeps a constant image constant at any size", () => {
  for (const [width, height] of [[1, 1], [3, 7], [64, 64], [178, 218], [31, 5]]) {
    for (const value of [0, 1, 127, 254, 255]) {
      const image = grey(width, height, Array(width * height).fill(value));
      for (const size of [1, 5, 32]) {
        assertEquals(new Set(resizeCrop(image, rgb(size))), new Set([value]), `${width}x${height}`);
      }
    }
  }
});

Deno.test("resizeCrop() halves with weights 1 3 3 1, renormalized at edges", () => {
  // Centres lie at 1 and 3 with a triangle 2 pixels wide to each side: inputs at distance 0.5 and
  // 1.5 weigh 3/4 and 1/4. The first output sees inputs 0, 1, 2 with 3, 3, 1 sevenths.
  const row = [70, 140, 210, 0];
  const first = Math.round((3 * 70 + 3 * 140 + 210) / 7);
  const last = Math.round((140 + 3 * 210 + 3 * 0) / 7);
  const image = grey(4, 4, [...row, ...row, ...row, ...row]);
  assertEquals(plane(resizeCrop(image, rgb(2)), 2), [first, last, first, last]);
  const turned = grey(4, 4, row.flatMap((v) => [v, v, v, v]));
  assertEquals(plane(resizeCrop(turned, rgb(2)), 2), [first, first, last, last]);
});

Deno.test("resizeCrop() doubles by interpolation at quarters", () => {
  const image = grey(2, 2, [0, 100, 0, 100]);
  assertEquals(plane(resizeCrop(image, rgb(4)), 4).slice(0, 4), [0, 25, 75, 100]);
});

Deno.test("resizeCrop() crops the center, and rounds halves to even like Python", () => {
  const row = (width: number) => grey(width, 1, Array.from({ length: width }, (_, i) => i));
  // (4-1)/2 = 1.5 to 2; (6-1)/2 = 2.5 to 2; (5-1)/2 = 2.
  assertEquals([4, 6, 5].map((width) => resizeCrop(row(width), rgb(1))[0]), [2, 2, 2]);
  const column = { width: 1, height: 4, data: grey(4, 1, [0, 1, 2, 3]).data };
  assertEquals(resizeCrop(column, rgb(1))[0], 2);
});

Deno.test("resizeCrop() gives the bytes of Pillow with torchvision's sizes", () => {
  const { cases } = JSON.parse(
    Deno.readTextFileSync(new URL("./fixtures/resize_pil.json", import.meta.url)),
  ) as {
    cases: { width: number; height: number; size: number; expected: string; bicubic: string }[];
  };
  assertEquals(cases.length, 12);
  const hexOf = (bytes: Uint8Array) =>
    Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  for (const { width, height, size, expected, bicubic } of cases) {
    const data = Uint8Array.from(
      { length: width * height * 3 },
      (_, i) => Math.imul(i, 2654435761) >>> 24,
    );
    const [usual, ...found] = [undefined, ...RESIZES].map((resize) =>
      hexOf(resizeCrop({ width, height, data }, { ...rgb(size), resize }))
    );
    assertEquals([usual, ...found], [expected, expected, bicubic], `${width}x${height} to ${size}`);
  }
});

Deno.test("resizeCrop() writes into the given array, and checks it", () => {
  const image = grey(1, 1, [9]);
  const out = new Uint8Array(12);
  assertEquals(resizeCrop(image, rgb(2), out), out);
  assertEquals(new Set(out), new Set([9]));
  assertThrows(() => resizeCrop(image, rgb(2), new Uint8Array(11)), RangeError, "12");
  assertThrows(() => resizeCrop(image, rgb(0)), RangeError, "positive");
  assertThrows(() => resizeCrop(image, rgb(1.5)), RangeError, "positive");
});

Deno.test("resizeCrop() works only on what it keeps of a strip of 1 x 60,000", () => {
  for (const [width, height] of [[1, 60_000], [60_000, 1]]) {
    // Its middle is a gray of 7, the rest is white.
    const data = new Uint8Array(60_000 * 3).fill(255);
    data.fill(7, 29_990 * 3, 30_010 * 3);
    const before = Deno.memoryUsage();
    const out = resizeCrop({ width, height, data }, rgb(256));
    const after = Deno.memoryUsage();
    assertEquals(out, new Uint8Array(3 * 256 * 256).fill(7));
    const used = after.external + after.heapUsed - before.external - before.heapUsed;
    assert(used < 20e6, `${used} bytes were used`);
  }
});

Deno.test("resizeCrop() makes gray of colors, and colors of gray", () => {
  const data = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9);
  const gray = resizeCrop({ width: 2, height: 2, data }, { imageSize: 2, channels: 1 });
  // What Pillow's convert("L") gives for red, green and blue.
  assertEquals([...gray], [76, 150, 29, 9]);
  const stored = { width: 2, height: 2, data: gray };
  assertEquals([...resizeCrop(stored, rgb(2))], [...gray, ...gray, ...gray]);
  const opaque = resizeCrop(stored, { imageSize: 2, channels: 4 });
  assertEquals([...opaque], [...gray, ...gray, ...gray, 255, 255, 255, 255]);
});

Deno.test("resizeCrop() weighs colors by their opacity, and whitens what does not show", () => {
  // Red beside a green that does not show, and below them nothing at all.
  const row = [255, 0, 0, 255, 0, 255, 0, 0];
  const data = Uint8Array.from([...row, ...row, ...Array(16).fill(0)]);
  const image = { width: 2, height: 4, data };
  const small = resizeCrop(image, { imageSize: "1x2", channels: 4 });
  // Red all over; of the lower pixel a little shows, for the filter reaches over its edge.
  assertEquals([...small], [255, 255, 0, 0, 0, 0, 110, 18]);
  const same = resizeCrop(image, { imageSize: "2x4", channels: 4 });
  assertEquals([...same.subarray(16, 24)], [0, 255, 0, 255, 255, 255, 255, 255], "blue");
  assertEquals([...same.subarray(24)], [255, 0, 255, 0, 0, 0, 0, 0], "opacity");
});

Deno.test("resizeCrop() covers sides that differ, and crops what lies beyond", () => {
  const data = Uint8Array.from({ length: 8 * 4 }, (_, i) => 10 * (i % 8));
  const image = { width: 8, height: 4, data };
  const gray = (
    imageSize: "4x4" | "2x4" | "8x2" | "4x2",
  ) => [...resizeCrop(image, { imageSize, channels: 1 })];
  assertEquals(gray("4x4").slice(0, 4), [20, 30, 40, 50]);
  assertEquals(gray("2x4"), [30, 40, 30, 40, 30, 40, 30, 40]);
  assertEquals(gray("8x2"), [...data.subarray(0, 16)]);
  assertEquals(gray("4x2").length, 8);
  assertThrows(() => resizeCrop(image, { imageSize: "4x0", channels: 1 }), RangeError, "positive");
});
