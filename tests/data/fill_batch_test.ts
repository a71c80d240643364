import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { cropCorner, fillBatch, isFlipped, windowStart } from "../../src/data/fill_batch.ts";
import { rgb } from "../helpers/rgb.ts";

/** (B, 3, size, size), every byte of an image different from its neighbors. */
const pictures = (count: number, size: number) =>
  Uint8Array.from({ length: count * 3 * size ** 2 }, (_, i) => i * 7 % 256);

const toFloat = (bytes: ArrayLike<number>) => Float32Array.from(bytes, (v) => v / 127.5 - 1);

Deno.test("fillBatch() turns bytes into floats in [-1, 1]", () => {
  const bytes = Uint8Array.from({ length: 24 }, (_, i) => i === 23 ? 255 : i * 10);
  const out = new Float32Array(24);
  fillBatch(bytes, 2, out, rgb(2));
  assertEquals(out, toFloat(bytes));
  assertEquals([out[0], out[23]], [-1, 1]);
});

Deno.test("fillBatch() flips the pictures that the hash chooses, about half", () => {
  const one = pictures(1, 2);
  const bytes = new Uint8Array(200 * 12);
  for (let i = 0; i < 200; i++) bytes.set(one, i * 12);
  const out = new Float32Array(200 * 12);
  fillBatch(bytes, 2, out, rgb(2), { seed: 3, step: 9, flip: true });
  const plain = toFloat(one);
  const mirrored = plain.map((_, i) => plain[i ^ 1]);
  let flipped = 0;
  for (let i = 0; i < 200; i++) {
    const chosen = isFlipped(3, 9, i);
    if (chosen) flipped++;
    assertEquals(out.slice(i * 12, (i + 1) * 12), chosen ? mirrored : plain);
  }
  assert(flipped > 65 && flipped < 135, `${flipped}`);
  const other = new Float32Array(200 * 12);
  fillBatch(bytes, 2, other, rgb(2), { seed: 3, step: 10, flip: true });
  assertNotEquals(out, other);
  fillBatch(bytes, 2, other, rgb(2), { seed: 3, step: 10, flip: false });
  assertEquals(other, toFloat(bytes));
});

/** The picture cut at (top, left), pixel by pixel. */
function cut(bytes: Uint8Array, i: number, from: number, to: number, top: number, left: number) {
  const out: number[] = [];
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < to; y++) {
      for (let x = 0; x < to; x++) {
        out.push(bytes[((i * 3 + c) * from + top + y) * from + left + x]);
      }
    }
  }
  return out;
}

Deno.test("fillBatch() crops a larger picture at its center, or at random", () => {
  const bytes = pictures(2, 5);
  const centre = new Float32Array(2 * 3 * 9);
  fillBatch(bytes, 5, centre, rgb(3));
  assertEquals(centre, toFloat([...cut(bytes, 0, 5, 3, 1, 1), ...cut(bytes, 1, 5, 3, 1, 1)]));
  const out = new Float32Array(2 * 3 * 9);
  const chance = { seed: 1, step: 4, flip: true };
  fillBatch(bytes, 5, out, rgb(3), chance);
  const expected = [0, 1].flatMap((i) => {
    const [top, left] = cropCorner(chance, i, { down: 2, across: 2 });
    const plain = cut(bytes, i, 5, 3, top, left);
    return isFlipped(1, 4, i) ? plain.map((_, p) => plain[p - p % 3 + 2 - p % 3]) : plain;
  });
  assertEquals(out, toFloat(expected));
});

Deno.test("cropCorner() takes every place equally often, top and left independently", () => {
  const counts = Array(9).fill(0);
  for (let step = 0; step < 900; step++) {
    for (let i = 0; i < 10; i++) {
      const [top, left] = cropCorner({ seed: 5, step }, i, { down: 2, across: 2 });
      counts[top * 3 + left]++;
    }
  }
  // 1000 expected with a standard deviation of 30.
  assert(counts.every((count) => Math.abs(count - 1000) < 150), `${counts}`);
});

Deno.test("fillBatch() refuses sizes that disagree", () => {
  const bytes = pictures(1, 2);
  assertThrows(() => fillBatch(bytes, 2, new Float32Array(24), rgb(2)), RangeError, "24 floats");
  assertThrows(() => fillBatch(bytes, 2, new Float32Array(27), rgb(3)), RangeError, "3x3");
});

Deno.test("fillBatch() crops and flips all frames of a clip alike, channel by channel", () => {
  const frames = 3;
  const bytes = pictures(4 * frames, 5);
  const out = new Float32Array(4 * frames * 27);
  const chance = { seed: 2, step: 7, flip: true };
  fillBatch(bytes, 5, out, rgb(3), chance, frames);
  const flips = [0, 1, 2, 3].map((i) => isFlipped(2, 7, i));
  assertEquals(new Set(flips).size, 2);
  for (let i = 0; i < 4; i++) {
    const [top, left] = cropCorner(chance, i, { down: 2, across: 2 });
    for (let t = 0; t < frames; t++) {
      const frame = cut(bytes, i * frames + t, 5, 3, top, left);
      const expected = flips[i] ? frame.map((_, p) => frame[p - p % 3 + 2 - p % 3]) : frame;
      const found = [0, 1, 2].flatMap((c) => {
        const at = ((i * 3 + c) * frames + t) * 9;
        return [...out.slice(at, at + 9)];
      });
      assertEquals(found, [...toFloat(expected)], `clip ${i}, frame ${t}`);
    }
  }
});

Deno.test("windowStart() takes each start equally often, by seed, step, and place", () => {
  const counts = Array(5).fill(0);
  for (let step = 0; step < 1000; step++) {
    for (let i = 0; i < 5; i++) counts[windowStart({ seed: 3, step }, i, 4)]++;
  }
  // 1000 expected with a standard deviation of 28.
  for (const count of counts) assert(Math.abs(count - 1000) < 140, `${counts}`);
  assertEquals(windowStart({ seed: 3, step: 8 }, 1, 0), 0);
  // Fixed for good, since runs are resumed on other machines.
  const starts = [0, 1, 2, 3].map((i) => windowStart({ seed: 1, step: 4 }, i, 99));
  assertEquals(starts, [38, 24, 63, 98]);
});

Deno.test("fillBatch() cuts a part whose sides differ, channel by channel", () => {
  const [across, down, channels] = [6, 4, 4];
  const bytes = Uint8Array.from({ length: across * down * channels }, (_, i) => i);
  const out = new Float32Array(3 * 2 * channels);
  fillBatch(bytes, "6x4", out, { imageSize: "3x2", channels: 4 });
  const expected = [0, 1, 2, 3].flatMap((c) =>
    [1, 2].flatMap((y) => [1, 2, 3].map((x) => (c * down + y) * across + x))
  );
  assertEquals(out, toFloat(expected));
  const wide = new Float32Array(3 * 6 * channels);
  assertThrows(
    () => fillBatch(bytes, "6x4", wide, { imageSize: "3x6", channels: 4 }),
    RangeError,
    "3x6 cut from 96 bytes of 6x4",
  );
});
