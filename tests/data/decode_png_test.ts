import { assertEquals, assertThrows } from "@std/assert";
import { encode } from "fast-png";
import { decodeImage } from "../../src/data/decode_image.ts";
import { DataError } from "../../src/data/errors.ts";
import { writePng } from "./png_writer.ts";

async function pixels(parts: Parameters<typeof writePng>[0]): Promise<number[]> {
  const image = decodeImage(await writePng(parts));
  assertEquals([image.width, image.height], [parts.width, parts.height]);
  return [...image.data];
}

Deno.test("decodeImage() gives an 8-bit RGB PNG as written", async () => {
  const samples = [255, 0, 1, 2, 128, 254, 9, 8, 7, 60, 61, 62, 0, 0, 0, 255, 255, 255];
  assertEquals(
    await pixels({ width: 3, height: 2, depth: 8, colourType: 2, samples }),
    samples,
  );
});

Deno.test("decodeImage() blends RGBA on white, and rounds to the nearest", async () => {
  const samples = [10, 20, 30, 255, 10, 20, 30, 0, 100, 0, 200, 128];
  const blend = (c: number, a: number) => Math.round((c * a + 255 * (255 - a)) / 255);
  assertEquals(
    await pixels({ width: 3, height: 1, depth: 8, colourType: 6, samples }),
    [10, 20, 30, 255, 255, 255, blend(100, 128), 127, blend(200, 128)],
  );
});

Deno.test("decodeImage() stretches gray of every depth to 0..255", async () => {
  for (const depth of [1, 2, 4, 8]) {
    const max = 2 ** depth - 1;
    // Five a row leaves padding bits at the end of each row.
    const samples = Array.from({ length: 15 }, (_, i) => (i * 7) % (max + 1));
    assertEquals(
      await pixels({ width: 5, height: 3, depth, colourType: 0, samples }),
      samples.flatMap((v) => Array(3).fill(v * 255 / max)),
      `${depth} bits`,
    );
  }
});

Deno.test("decodeImage() blends gray with alpha on white", async () => {
  assertEquals(
    await pixels({ width: 3, height: 1, depth: 8, colourType: 4, samples: [7, 255, 7, 0, 0, 51] }),
    [7, 7, 7, 255, 255, 255, 204, 204, 204],
  );
});

Deno.test("decodeImage() scales 16-bit samples to 8 bits with rounding", async () => {
  // 128 / 257 is just under one half, 129 / 257 just over.
  const samples = [0, 128, 129, 65535, 32768, 65535 - 128];
  const expected = [0, 0, 1, 255, 128, 255];
  assertEquals(
    await pixels({ width: 2, height: 1, depth: 16, colourType: 2, samples }),
    expected,
  );
  assertEquals(
    await pixels({
      width: 2,
      height: 1,
      depth: 16,
      colourType: 6,
      samples: [0, 257, 514, 65535, 0, 0, 0, 32768],
    }),
    [0, 1, 2, 127, 127, 127],
  );
});

const PALETTE = Array.from({ length: 16 }, (_, i) => [i, 100 + i, 255 - i]);

Deno.test("decodeImage() reads palettes of 1, 2, 4, and 8 bits, with rows padded to a byte", async () => {
  for (const depth of [1, 2, 4, 8]) {
    const colours = Math.min(2 ** depth, 16);
    const samples = Array.from({ length: 15 }, (_, i) => (i * 3 + 1) % colours);
    const palette = PALETTE.slice(0, colours);
    assertEquals(
      await pixels({ width: 5, height: 3, depth, colourType: 3, samples, palette }),
      samples.flatMap((i) => palette[i]),
      `${depth} bits`,
    );
  }
});

Deno.test("decodeImage() blends palette transparency on white, also if shorter than the palette", async () => {
  for (const depth of [1, 2, 4, 8]) {
    const palette = [[10, 20, 30], [40, 50, 60]];
    assertEquals(
      await pixels({
        width: 3,
        height: 1,
        depth,
        colourType: 3,
        samples: [1, 0, 1],
        palette,
        transparency: [0],
      }),
      [40, 50, 60, 255, 255, 255, 40, 50, 60],
      `${depth} bits`,
    );
  }
  const half = await pixels({
    width: 2,
    height: 1,
    depth: 8,
    colourType: 3,
    samples: [0, 1],
    palette: [[0, 0, 0], [0, 0, 0]],
    transparency: [204, 51],
  });
  assertEquals(half, [51, 51, 51, 204, 204, 204]);
});

Deno.test("decodeImage() makes the color that tRNS names transparent, at any depth", async () => {
  const rgb = { width: 4, height: 1, depth: 8, colourType: 2 };
  const samples = [1, 2, 3, 1, 2, 4, 9, 9, 9, 1, 2, 3];
  assertEquals(
    await pixels({ ...rgb, samples, transparency: [0, 1, 0, 2, 0, 3] }),
    [255, 255, 255, 1, 2, 4, 9, 9, 9, 255, 255, 255],
  );
  assertEquals(
    await pixels({
      width: 4,
      height: 1,
      depth: 2,
      colourType: 0,
      samples: [0, 1, 2, 3],
      transparency: [0, 1],
    }),
    [0, 255, 170, 255].flatMap((v) => [v, v, v]),
  );
  assertEquals(
    await pixels({
      width: 2,
      height: 1,
      depth: 16,
      colourType: 0,
      samples: [257, 256],
      transparency: [1, 1],
    }),
    [255, 255, 255, 1, 1, 1],
  );
});

Deno.test("decodeImage() ignores the suggested palette of an RGB file", async () => {
  assertEquals(
    await pixels({
      width: 1,
      height: 2,
      depth: 8,
      colourType: 2,
      samples: [1, 2, 3, 4, 5, 6],
      palette: PALETTE,
    }),
    [1, 2, 3, 4, 5, 6],
  );
});

Deno.test("decodeImage() reads interlaced files, at 8 bits a sample and below", async () => {
  const data = Uint8Array.from({ length: 9 * 10 * 3 }, (_, i) => i * 37 % 256);
  const png = encode({ width: 9, height: 10, data, channels: 3 }, { interlace: "Adam7" });
  assertEquals(decodeImage(png).data, data);
  for (const depth of [1, 2, 4]) {
    for (const [width, height] of [[1, 1], [3, 2], [8, 8], [21, 13], [40, 9]]) {
      const most = 2 ** depth - 1;
      const samples = Array.from({ length: width * height }, (_, i) => (i * i + (i >> 3)) & most);
      const parts = { width, height, depth, samples };
      const grey = { ...parts, colourType: 0, transparency: [0, 1] };
      const palette = Array.from({ length: most + 1 }, (_, i) => [i, 100 + i, 200 - i]);
      const coloured = { ...parts, colourType: 3, palette, transparency: [128] };
      for (const one of [grey, coloured]) {
        const plain = decodeImage(await writePng(one));
        assertEquals(decodeImage(await writePng({ ...one, interlace: 1 })), plain);
      }
    }
  }
  const whole = { width: 9, height: 9, depth: 2, colourType: 0, samples: Array(81).fill(3) };
  const cut = await writePng({ ...whole, interlace: 1, height: 20 });
  assertThrows(() => decodeImage(cut), DataError, "incomplete");
  const flipped = await writePng({ ...whole, interlace: 1 });
  flipped[flipped.length - 25] ^= 1;
  assertThrows(() => decodeImage(flipped), DataError, "CRC");
});

Deno.test("decodeImage() reads a view into a larger buffer like a copy", async () => {
  const png = await writePng({ width: 1, height: 1, depth: 8, colourType: 2, samples: [5, 6, 7] });
  const around = new Uint8Array(png.length + 20).fill(0xaa);
  around.set(png, 10);
  assertEquals([...decodeImage(around.subarray(10, 10 + png.length)).data], [5, 6, 7]);
});

Deno.test("decodeImage() throws a DataError in words for every truncation and damage of a PNG", async () => {
  const parts = {
    width: 6,
    height: 5,
    depth: 8,
    colourType: 3,
    samples: Array.from({ length: 30 }, (_, i) => i % 16),
    palette: PALETTE,
  };
  const whole = await writePng(parts);
  for (let length = 8; length < whole.length; length++) {
    assertThrows(() => decodeImage(whole.slice(0, length)), DataError, "PNG");
  }
  const flipped = whole.slice();
  flipped[flipped.length - 25] ^= 1; // in the pixels, before their checksum
  assertThrows(() => decodeImage(flipped), DataError, "CRC");
  for (const cutPixels of [8, 12]) {
    const cut = await writePng({ ...parts, cutPixels });
    assertThrows(() => decodeImage(cut), DataError, "incomplete");
  }
  const short = await writePng({ ...parts, height: 7 });
  assertThrows(() => decodeImage(short), DataError, "incomplete");
  const missing = await writePng({ ...parts, palette: PALETTE.slice(0, 4) });
  assertThrows(() => decodeImage(missing), DataError, "color 4 of a palette of 4");
  const empty = await writePng({ ...parts, width: 0 });
  assertThrows(() => decodeImage(empty), DataError, "0x5");
  const huge = await writePng({ ...parts, width: 4e9, samples: [] });
  assertThrows(() => decodeImage(huge), DataError, "4000000000x5");
});

Deno.test("decodeImage() names other formats", () => {
  const text = (s: string) => new TextEncoder().encode(s);
  assertThrows(() => decodeImage(new Uint8Array()), DataError, "empty");
  assertThrows(() => decodeImage(text("II*\0....")), DataError, "but TIFF; convert");
  assertThrows(() => decodeImage(text("\0\0\0\x1cftypavif")), DataError, "but AVIF");
  assertThrows(() => decodeImage(text("version https://git-lfs.gi")), DataError, "Git LFS");
  assertThrows(() => decodeImage(text("<!DOCTYPE html>")), DataError, "a page of HTML");
  assertThrows(() => decodeImage(text("hello")), DataError, `text that begins with "hello"`);
  assertThrows(() => decodeImage(Uint8Array.of(1, 2, 3, 4)), DataError, "01 02 03 04");
});
