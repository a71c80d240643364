import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import encode from "jpeg-js/encoder";
import { decodeImage } from "../../src/data/decode_image.ts";
import { DataError } from "../../src/data/errors.ts";

// Each NAME.png holds what libjpeg (through Pillow) makes of NAME.jpg.
const fixture = (name: string) => Deno.readFileSync(new URL(`./fixtures/${name}`, import.meta.url));

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  assertEquals(a.length, b.length);
  return a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0) / a.length;
}

Deno.test("decodeImage() gives nearly what jpeg-js encoded", () => {
  const [width, height] = [33, 17];
  const rgba = new Uint8Array(width * height * 4);
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const colour = [i % width * 7, Math.floor(i / width) * 14, 90];
    rgb.set(colour, 3 * i);
    rgba.set([...colour, 255], 4 * i);
  }
  const decoded = decodeImage(encode({ width, height, data: rgba }, 95).data);
  assertEquals([decoded.width, decoded.height], [width, height]);
  assertLess(meanDifference(decoded.data, rgb), 1.5);
});

for (
  const [name, tolerance] of [
    ["progressive", 1],
    ["grey", 0.5],
    ["cmyk", 0.5],
    ["rgb", 0.5],
    // jpeg-js repeats each halved chroma sample where libjpeg interpolates, which shows most in a
    // picture as small and colourful as this one.
    ["baseline_420", 4],
    ["restart", 4],
  ] as const
) {
  Deno.test(`decodeImage() agrees with libjpeg on ${name}`, () => {
    const decoded = decodeImage(fixture(`${name}.jpg`));
    const expected = decodeImage(fixture(`${name}.png`));
    assertEquals([decoded.width, decoded.height], [expected.width, expected.height]);
    assertLess(meanDifference(decoded.data, expected.data), tolerance);
  });
}

Deno.test("decodeImage() throws a DataError in words for every truncated JPEG", () => {
  for (const name of ["baseline_420.jpg", "progressive.jpg"]) {
    const whole = fixture(name);
    for (let length = 3; length < whole.length - 1; length += 7) {
      const error = assertThrows(() => decodeImage(whole.slice(0, length)), DataError, "JPEG");
      assert(!/undefined|NaN/.test(error.message), error.message);
    }
  }
});

Deno.test("decodeImage() refuses a header that claims too much before it decodes anything", () => {
  const jpegOf = (name: string, width: number, height: number) => {
    const bytes = fixture(name);
    const frame = bytes.findIndex((byte, i) =>
      byte === 0xff && [0xc0, 0xc2].includes(bytes[i + 1])
    );
    bytes.set([height >> 8, height & 255, width >> 8, width & 255], frame + 5);
    return bytes;
  };
  const pngOf = (name: string, width: number, height: number) => {
    const bytes = fixture(name);
    new DataView(bytes.buffer).setUint32(16, width);
    new DataView(bytes.buffer).setUint32(20, height);
    return bytes;
  };
  const refused: [bytes: Uint8Array, words: string][] = [
    [jpegOf("baseline_420.jpg", 13_000, 10_000), "120 megapixels are accepted"],
    [jpegOf("progressive.jpg", 13_000, 10_000), "120 megapixels are accepted"],
    [pngOf("rgb.png", 13_000, 10_000), "120 megapixels are accepted"],
    [
      jpegOf("cmyk.jpg", 11_000, 9_000),
      "its 4 channels of 11000x9000 have 396 million samples, where 360 million are accepted",
    ],
    // What would be accepted, if the file were long enough for it.
    [jpegOf("cmyk.jpg", 10_000, 9_000), "its header says 10000x9000, too much for its length"],
    [jpegOf("baseline_420.jpg", 12_000, 9_000), "too much for its length"],
    [jpegOf("rgb.jpg", 12_000, 10_000), "too much for its length"],
    [pngOf("rgb.png", 12_000, 9_000), "its header says more pixels than its length can hold"],
  ];
  for (const [bytes, words] of refused) {
    assertThrows(() => decodeImage(bytes), DataError, words);
  }
});

Deno.test("decodeImage() names unsupported kinds of JPEG", () => {
  assertThrows(() => decodeImage(fixture("arithmetic.jpg")), DataError, "arithmetic-coded");
  const frameOf = (bytes: Uint8Array) =>
    bytes.findIndex((b, i) => b === 0xff && bytes[i + 1] === 0xc0);
  const twelveBits = fixture("baseline_420.jpg");
  twelveBits[frameOf(twelveBits) + 4] = 12;
  assertThrows(() => decodeImage(twelveBits), DataError, "12-bit");
  const flat = fixture("baseline_420.jpg");
  flat.fill(0, frameOf(flat) + 5, frameOf(flat) + 7);
  assertThrows(() => decodeImage(flat), DataError, "40x0");
});

Deno.test("decodeImage() names a missing table of a JPEG", () => {
  const bytes = fixture("baseline_420.jpg");
  bytes.forEach((b, i) => {
    if (b === 0xff && bytes[i + 1] === 0xc4) bytes[i + 1] = 0xed;
  });
  assertThrows(() => decodeImage(bytes), DataError, "missing");
});
