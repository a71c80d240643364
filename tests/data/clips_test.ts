import { assert, assertEquals, assertThrows } from "@std/assert";
import { encode } from "fast-png";
import { zlibSync } from "fflate";
import { clearArea } from "../../src/data/clip.ts";
import { onWhite } from "../../src/data/pixels.ts";
import { decodeClipFile } from "../../src/data/clips.ts";
import { decodeClip, moves } from "../../src/data/decode_clip.ts";
import { decodeFile } from "../../src/data/decode_file.ts";
import { decodePng } from "../../src/data/decode_png.ts";
import { DataError } from "../../src/data/errors.ts";
import { greyPng, withFolder, write } from "./scratch.ts";
import { rgb } from "../helpers/rgb.ts";

const fixture = (name: string) => Deno.readFileSync(new URL(`./fixtures/${name}`, import.meta.url));

// Each NAME.expected.png holds the frames as Pillow shows them on white, one below the other.
for (const name of ["moving.gif", "moving.apng"]) {
  Deno.test(`decodeClip() agrees with Pillow on ${name}, whatever its frames leave behind`, () => {
    const clip = decodeClip(fixture(name === "moving.gif" ? name : `${name}.png`));
    assertEquals([clip.frames, clip.height, clip.width], [6, 11, 14]);
    const expected = decodePng(fixture(`${name}.expected.png`)).data;
    assertEquals(clip.data.length, expected.length);
    const worst = clip.data.reduce((most, v, i) => Math.max(most, Math.abs(v - expected[i])), 0);
    assert(worst <= 2, `differs by ${worst}`);
  });
}

Deno.test("clearArea() and onWhite() change only the area, and make transparency white", () => {
  const canvas = new Uint8Array(3 * 2 * 4).fill(100);
  clearArea(canvas, 3, { x: 1, y: 1, width: 2, height: 1 });
  const frame = new Uint8Array(3 * 2 * 3);
  onWhite(canvas, frame);
  const half = Math.round((100 * 100 + 255 * 155) / 255);
  assertEquals([...frame], [...Array(12).fill(half), ...Array(6).fill(255)]);
});

Deno.test("decodeClip() gives one frame for a still picture", async () => {
  const { frames, data } = decodeClip(await greyPng(70));
  assertEquals([frames, data.length, new Set(data)], [1, 48, new Set([70])]);
});

Deno.test("decodeClipFile() resizes and crops moving and numbered frames like pictures", async () => {
  await withFolder(async (root) => {
    const clip = decodeClip(fixture("moving.gif"));
    const { width, height } = clip;
    const paths = await Promise.all(Array.from({ length: clip.frames }, async (_, i) => {
      const each = width * height * 3;
      const data = clip.data.slice(i * each, (i + 1) * each);
      await write(`${root}/${i}.png`, encode({ width, height, data, channels: 3 }));
      return `${root}/${i}.png`;
    }));
    await write(`${root}/moving.gif`, fixture("moving.gif"));
    const stored = decodeClipFile({ paths: [`${root}/moving.gif`], numbered: false }, rgb(5));
    assertEquals(stored.length, 6 * 75);
    assertEquals(stored, decodeClipFile({ paths, numbered: true }, rgb(5)));
    assertEquals(stored.slice(75, 150), decodeFile(paths[1], rgb(5)));
    assertEquals([moves(fixture("moving.gif")), moves(fixture("moving.apng.png"))], [true, true]);
    assertEquals([moves(fixture("rgb.png")), moves(fixture("rgb.jpg"))], [false, false]);
  });
});

Deno.test("decodeClipFile() refuses frames of another size, or that move", async () => {
  await withFolder(async (root) => {
    await write(`${root}/1.png`, await greyPng(1));
    await write(`${root}/2.png`, fixture("rgb.png"));
    await write(`${root}/3.png`, fixture("moving.apng.png"));
    const decode = (...names: number[]) => () =>
      decodeClipFile({ paths: names.map((i) => `${root}/${i}.png`), numbered: true }, rgb(4));
    assertThrows(decode(1, 2), DataError, "and 1.png of 4x4; make all frames the same size");
    assertThrows(decode(1, 3), DataError, "3.png moves and 1.png does not");
    assertThrows(decode(...Array(10_001).fill(1)), DataError, "10001 frames at 4x4 pixels");
  });
});

Deno.test("decodeClip() throws a DataError for every truncation and impossible size", () => {
  const apng = fixture("moving.apng.png");
  for (let length = 0; length < apng.length - 20; length += 11) {
    assertThrows(() => decodeClip(apng.slice(0, length)), DataError);
  }
  // As in browsers, a GIF that is cut off has the frames, and the part of one, that are there.
  const gif = fixture("moving.gif");
  const all = decodeClip(gif);
  let least = all.frames;
  for (let length = gif.length; length > 0; length -= 11) {
    try {
      const { frames, data } = decodeClip(gif.slice(0, length));
      assert(frames <= least);
      least = frames;
      const whole = (frames - 1) * all.width * all.height * 3;
      assertEquals(data.subarray(0, whole), all.data.subarray(0, whole));
    } catch (thrown) {
      assert(thrown instanceof DataError, `${thrown}`);
    }
  }
  assertEquals(least, 1);
  const huge = fixture("moving.gif");
  huge.fill(255, 6, 10);
  assertThrows(() => decodeClip(huge), DataError, "65535x65535");

  assertThrows(() => decodeClip(new TextEncoder().encode("hello")), DataError, "neither GIF");
});

Deno.test("decodePng() refuses pixels that inflate to far more than the header says", async () => {
  const bomb = zlibSync(new Uint8Array(100e6), { level: 1 });
  const small = await greyPng(1);
  const at = small.findIndex((_, i) => String.fromCharCode(...small.slice(i, i + 4)) === "IDAT");
  const bytes = new Uint8Array(small.length + bomb.length);
  bytes.set(small.slice(0, at + 4));
  new DataView(bytes.buffer).setUint32(at - 4, bomb.length);
  bytes.set(bomb, at + 4);
  assertThrows(() => decodePng(bytes), DataError, "more compressed data than pixels");
});
