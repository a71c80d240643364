// Files that would take far more time or memory than their length explains, and limits of callers.

import { assertEquals, assertThrows } from "@std/assert";
import { deflateSync } from "node:zlib";
import { decodeClip } from "../../src/data/decode_clip.ts";
import { decodeImage } from "../../src/data/decode_image.ts";
import { DataError } from "../../src/data/errors.ts";
import { crc32 } from "../../src/formats/crc32.ts";
import { concat } from "../../src/data/prepared_format.ts";
import { animatedPng, pngChunks } from "../../src/picture/animated_png.ts";
import { imagePng } from "../../src/picture/pictures.ts";
import { rgb } from "../helpers/rgb.ts";

const fixture = (name: string) => Deno.readFileSync(new URL(`fixtures/${name}`, import.meta.url));

const formats: Record<string, { file: string }> = JSON.parse(
  Deno.readTextFileSync(new URL("fixtures/formats_pil.json", import.meta.url)),
);

Deno.test("decodeImage() keeps a caller's limit for every format, before it decodes anything", () => {
  const files = {
    PNG: fixture("rgb.png"),
    JPEG: fixture("baseline_420.jpg"),
    ...Object.fromEntries(
      [["WebP", "lossy.webp"], ["GIF", "still.gif"], [
        "BMP",
        Object.keys(formats).find((name) => name.endsWith(".bmp"))!,
      ]].map(([format, name]) => [format, Uint8Array.fromBase64(formats[name].file)]),
    ),
  };
  for (const [format, file] of Object.entries(files)) {
    const { width, height } = decodeImage(file);
    decodeImage(file, width * height);
    assertThrows(
      () => decodeImage(file, width * height - 1),
      DataError,
      `Cannot decode ${format}: its header says ${width}x${height} pixels, where 1x1 up to ` +
        `${width * height - 1} pixels are accepted`,
    );
  }
  for (const name of ["moving.gif", "moving.apng.png"]) {
    const { frames, width, height } = decodeClip(fixture(name));
    const pixels = frames * width * height;
    decodeClip(fixture(name), pixels);
    assertThrows(() => decodeClip(fixture(name), pixels - 1), DataError, `of ${pixels - 1} pixels`);
  }
});

Deno.test("decodeImage() refuses a JPEG of thousands of scans", () => {
  const file = fixture("progressive.jpg");
  const scan = new Uint8Array(50_000).fill(0xff);
  for (let i = 1; i < scan.length; i += 2) scan[i] = 0xda;
  const bomb = concat([file.subarray(0, -2), scan, file.subarray(-2)]);
  assertThrows(() => decodeImage(bomb), DataError, "it has over 200 scans");
});

Deno.test("decodeClip() limits the frames of a GIF, all together, to what its pixels may be", () => {
  const u16 = (value: number) => [value & 255, value >> 8];
  const head = [...new TextEncoder().encode("GIF89a"), ...u16(1), ...u16(1), 0x80, 0, 0];
  const frame = (size: number) => [0x2c, 0, 0, 0, 0, ...u16(size), ...u16(size), 0, 2, 0];
  const gif = (sizes: number[]) =>
    Uint8Array.from([...head, ...Array<number>(6).fill(0), ...sizes.flatMap(frame), 0x3b]);
  assertEquals(decodeClip(gif([1, 1, 1])).frames, 3);
  const large = gif([1, ...Array<number>(5000).fill(400)]);
  assertThrows(() => decodeClip(large), DataError, "frames of 250 megapixels in all are accepted");
});

/** A PNG file with other chunks of a type, or more. */
function withChunk(png: Uint8Array, type: string, data: Uint8Array, replace = false): Uint8Array {
  const made = (type: string, data: Uint8Array) => {
    const bytes = new Uint8Array(data.length + 12);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, data.length);
    bytes.set(new TextEncoder().encode(type), 4);
    bytes.set(data, 8);
    view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
    return bytes;
  };
  const chunks = [...pngChunks(png)].flatMap((chunk) => [
    ...chunk.type === "IDAT" && !replace ? [made(type, data)] : [],
    replace && chunk.type === type ? made(type, data) : made(chunk.type, chunk.data),
  ]);
  return concat([png.subarray(0, 8), ...chunks]);
}

Deno.test("decodeClip() refuses an animated PNG whose frames share a large chunk", () => {
  const still = imagePng(new Float32Array(3 * 16), 0, rgb(4));
  const moving = animatedPng(Array<Uint8Array>(3).fill(still), { milliseconds: 50 });
  assertEquals(decodeClip(moving).frames, 3);
  const colours = withChunk(moving, "tRNS", new Uint8Array(1000));
  assertThrows(() => decodeClip(colours), DataError, "it has too many colors");
  const bomb = withChunk(moving, "IDAT", deflateSync(new Uint8Array(30e6)), true);
  assertThrows(() => decodeClip(bomb), DataError, "it has more compressed data than pixels");
});
