// Formats beside PNG and JPEG, and odd files of these two, against Pillow's pixels.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeImage } from "../../src/data/decode_image.ts";
import { DataError } from "../../src/data/errors.ts";
import { onWhite } from "../../src/data/pixels.ts";
import { writeExif } from "./exif_writer.ts";

interface Made {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly rgb: string;
}

const url = new URL("./fixtures/formats_pil.json", import.meta.url);
const made: Record<string, Made> = JSON.parse(await Deno.readTextFile(url));
const bytesOf = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const fileOf = (name: string) => bytesOf(made[name].file);

for (const [name, { file, width, height, rgb }] of Object.entries(made)) {
  Deno.test(`decodeImage() gives ${name} the pixels that Pillow reads`, () => {
    const found = decodeImage(bytesOf(file));
    assertEquals([found.width, found.height], [width, height]);
    const expected = bytesOf(rgb);
    assertEquals(found.data.length, expected.length);
    const apart = expected.reduce((most, v, i) => Math.max(most, Math.abs(v - found.data[i])), 0);
    // Decoders of JPEG differ in their rounding, and CMYK is made RGB by one more product.
    assert(apart <= (name.endsWith(".jpg") ? 3 : 0), `${apart} apart`);
  });

  Deno.test(`decodeImage() keeps the opacity of ${name}, where it has any`, () => {
    const [shown, kept] = [false, true].map((alpha) =>
      decodeImage(bytesOf(file), undefined, alpha)
    );
    if (kept.data.length === shown.data.length) return assertEquals(kept.data, shown.data);
    const blended = new Uint8Array(shown.data.length);
    onWhite(kept.data, blended);
    const apart = blended.reduce((most, v, i) => Math.max(most, Math.abs(v - shown.data[i])), 0);
    assert(apart <= 1, `${apart} apart`);
  });
}

Deno.test("decodeImage() keeps the opacity that a BMP's masks declare", () => {
  const bytes = new Uint8Array(70 + 8);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  const fields = [[10, 70], [14, 56], [18, 2], [22, 1], [28, 32], [30, 3]];
  const masks = [[54, 0xff0000], [58, 0xff00], [62, 0xff], [66, 0xff000000]];
  for (const [at, value] of [...fields, ...masks]) view.setUint32(at, value, true);
  bytes.set([10, 20, 30, 255, 0, 0, 200, 51], 70);
  assertEquals([...decodeImage(bytes, undefined, true).data], [30, 20, 10, 255, 200, 0, 0, 51]);
  assertEquals([...decodeImage(bytes).data], [30, 20, 10, 244, 204, 204]);
});

Deno.test("decodeImage() throws a DataError for a cut file, or shows what is there of a GIF or BMP", () => {
  for (const name of ["lossy.webp", "alpha.webp", "rgb.bmp", "rle8.bmp", "still.gif", "565.bmp"]) {
    const whole = fileOf(name);
    let refused = 0;
    for (let length = 4; length < whole.length; length++) {
      try {
        decodeImage(whole.slice(0, length));
      } catch (thrown) {
        assert(thrown instanceof DataError, `${name} at ${length}: ${thrown}`);
        refused++;
      }
    }
    assert(refused >= 10, name);
  }
});

Deno.test("decodeImage() turns WebP as its EXIF data say, and refuses moving ones in words", () => {
  const plain = fileOf("lossless.webp");
  const exif = writeExif({ value: 6 });
  const extended = [10, 0, 0, 0, 0x08, 0, 0, 0, 8, 0, 0, 6, 0, 0];
  const text = (s: string) => new TextEncoder().encode(s);
  const length = [exif.length, 0, 0, 0];
  const parts = [text("VP8X"), extended, plain.slice(12), text("EXIF"), length, exif, [0]];
  const body = parts.flatMap((part) => [...part]).slice(0, exif.length % 2 ? undefined : -1);
  const riff = (body: number[]) =>
    Uint8Array.from([...text("RIFF"), body.length + 4, 0, 0, 0, ...text("WEBP"), ...body]);
  const turned = decodeImage(riff(body));
  assertEquals([turned.width, turned.height], [7, 9]);
  const upright = decodeImage(plain);
  assertEquals(turned.data.slice(18, 21), upright.data.slice(0, 3));
  body[8] |= 2;
  assertThrows(() => decodeImage(riff(body)), DataError, "WebP: it moves");
  const gif = Deno.readFileSync(new URL("./fixtures/moving.gif", import.meta.url));
  assertThrows(() => decodeImage(gif), DataError, "it moves (");
});

/** A GIF file of 3 x 2 pixels, of colors 0 to 3, from its blocks. */
function gif(blocks: number[], colours = 4): Uint8Array {
  const palette = Array.from({ length: colours }, (_, i) => [10 * i, 20 * i, 30 * i]).flat();
  const header = [...new TextEncoder().encode("GIF89a"), 3, 0, 2, 0];
  return Uint8Array.from([...header, 0x80 | Math.log2(colours) - 1, 0, 0, ...palette, ...blocks]);
}

/** A frame whose codes are 3 bits wide and never grow, since each pixel is followed by a clear. */
function frame(x: number, y: number, width: number, height: number, pixels: number[]): number[] {
  const codes = [...pixels.flatMap((pixel) => [4, pixel]), 5];
  const bits = codes.map((code) => code.toString(2).padStart(3, "0")).reverse().join("");
  const padded = bits.padStart(Math.ceil(bits.length / 8) * 8, "0");
  const bytes = padded.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)).reverse();
  const sizes = [x, y, width, height].flatMap((n) => [n, 0]);
  return [0x2c, ...sizes, 0, 2, bytes.length, ...bytes, 0];
}

Deno.test("decodeImage() shows broken GIFs as browsers do", () => {
  const reds = (bytes: Uint8Array) => [...decodeImage(bytes).data].filter((_, i) => i % 3 === 0);
  const all = frame(0, 0, 3, 2, [0, 1, 2, 3, 2, 1]);
  assertEquals(reds(gif([...all, 0x3b])), [0, 10, 20, 30, 20, 10]);
  // Zeros between blocks, no trailer, or something else at the end.
  assertEquals(reds(gif([0, 0, ...all, 0, 0])), [0, 10, 20, 30, 20, 10]);
  assertEquals(reds(gif([...all, 0x77, 1, 2, 3])), [0, 10, 20, 30, 20, 10]);
  // A frame that lies partly, or wholly, outside the screen.
  assertEquals(reds(gif(frame(2, 1, 2, 2, [3, 2, 1, 0]))), [255, 255, 255, 255, 255, 30]);
  assertEquals(reds(gif(frame(9, 9, 1, 1, [3]))), [255, 255, 255, 255, 255, 255]);
  // One larger than the screen makes it larger.
  assertEquals(reds(gif(frame(0, 0, 4, 2, [0, 1, 2, 3, 3, 2, 1, 0]))).length, 8);
  // Colors beyond the palette, and pixels that a cut has taken, are not drawn.
  assertEquals(reds(gif(all, 2)), [0, 10, 255, 255, 255, 10]);
  assertEquals(reds(gif(all).slice(0, -4)).slice(0, 2), [0, 10]);
  assertEquals(reds(gif(all).slice(0, -4)).at(-1), 255);
  // More pixels than there is room for.
  assertEquals(reds(gif([...frame(0, 0, 3, 2, [1, 1, 1, 1, 1, 1, 2, 2])])), Array(6).fill(10));
  assertThrows(() => decodeImage(gif([0x3b])), DataError, "it has no picture");
});
