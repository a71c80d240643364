import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../src/data/errors.ts";
import { idxImage, type IdxImages, parseIdx } from "../../src/data/idx.ts";
import { rgb } from "../helpers/rgb.ts";

const u32 = (n: number) => [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255];

/** `count` images of rows x columns, byte i of the whole being i % 256. */
function idxFile(count: number, rows: number, columns: number): Uint8Array<ArrayBuffer> {
  const data = Array.from({ length: count * rows * columns }, (_, i) => i % 256);
  return Uint8Array.from([0x803, count, rows, columns].flatMap(u32).concat(data));
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function parseImages(bytes: Uint8Array): Promise<IdxImages> {
  const idx = await parseIdx(bytes);
  if (idx.kind !== "images") throw new Error("these are labels");
  return idx;
}

Deno.test("parseIdx() reads images and labels, gzipped or not", async () => {
  const plain = idxFile(3, 2, 4);
  for (const bytes of [plain, await gzip(plain)]) {
    const { count, rows, columns, data } = await parseImages(bytes);
    assertEquals([count, rows, columns], [3, 2, 4]);
    assertEquals([...data], Array.from({ length: 24 }, (_, i) => i));
  }
  const labels = await parseIdx(Uint8Array.from([...u32(0x801), ...u32(2), 7, 9]));
  assertEquals([labels.kind, labels.count, [...labels.data]], ["labels", 2, [7, 9]]);
});

Deno.test("idxImage() pads 28x28 to 32x32 on 0, the same in 3 channels", async () => {
  const images = await parseImages(idxFile(2, 28, 28));
  for (let i = 0; i < 2; i++) {
    const pixels = idxImage(images, i, rgb(32));
    assertEquals(pixels.length, 3 * 32 * 32);
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < 32; y++) {
        for (let x = 0; x < 32; x++) {
          const inside = y >= 2 && y < 30 && x >= 2 && x < 30;
          const expected = inside ? images.data[(i * 28 + y - 2) * 28 + x - 2] : 0;
          assertEquals(
            pixels[(c * 32 + y) * 32 + x],
            expected,
            `${i} ${c} ${y} ${x}`,
          );
        }
      }
    }
  }
});

Deno.test("idxImage() copies the same size, resizes a larger image, and takes chosen ones", async () => {
  const images = await parseImages(idxFile(3, 4, 4));
  assertEquals(
    [...idxImage(images, 2, rgb(4)).subarray(0, 16)],
    [...images.data.subarray(32)],
  );
  const flat = await parseImages(
    Uint8Array.from([...[0x803, 1, 6, 6].flatMap(u32), ...Array(36).fill(77)]),
  );
  assertEquals(new Set(idxImage(flat, 0, rgb(4))), new Set([77]));
});

Deno.test("parseIdx() puts damage and foreign files into words", async () => {
  const whole = idxFile(2, 3, 3);
  const rejects = (bytes: Uint8Array, words: string) =>
    assertRejects(() => parseIdx(bytes, "a.idx"), DataError, words);
  await rejects(whole.slice(0, -1), "33 bytes, where its header calls for 34 for 2x3x3");
  await rejects(Uint8Array.from([...whole, 0]), "35 bytes");
  await rejects(whole.slice(0, 10), "header of 16");
  await rejects(whole.slice(0, 3), "3 bytes");
  await rejects(Uint8Array.from([0, 0, 0x0d, 3, ...whole.slice(4)]), "0x00000d03");
  const gz = await gzip(whole);
  const error = await rejects(gz.slice(0, gz.length - 12), "gzip");
  assertEquals(error.message.startsWith("Cannot read a.idx"), true);
});
