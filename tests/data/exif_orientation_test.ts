import { assert, assertEquals } from "@std/assert";
import { decodeImage, type RgbImage } from "../../src/data/decode_image.ts";
import { exifOrientation, type Orientation, upright } from "../../src/data/exif_orientation.ts";
import { Dice, mutate } from "../fuzz/mutate.ts";
import { withApp1, withExif, writeExif } from "./exif_writer.ts";
import { writePng } from "./png_writer.ts";

const stored = Deno.readFileSync(new URL("./fixtures/baseline_420.jpg", import.meta.url));
const ALL: readonly Orientation[] = [1, 2, 3, 4, 5, 6, 7, 8];

/** What is seen of A B C over D E F, worked out by hand from where the standard puts row and column 0. */
const SEEN: Record<Orientation, string> = {
  1: "ABC/DEF",
  2: "CBA/FED",
  3: "FED/CBA",
  4: "DEF/ABC",
  5: "AD/BE/CF",
  6: "DA/EB/FC",
  7: "FC/EB/DA",
  8: "CF/BE/AD",
};

function ofLetters(text: string): RgbImage {
  const rows = text.split("/");
  const data = Uint8Array.from(
    rows.join(""),
    (letter) => letter.charCodeAt(0),
  ).reduce<number[]>((all, v) => [...all, v, v + 100, v + 150], []);
  return { width: rows[0].length, height: rows.length, data: Uint8Array.from(data) };
}

Deno.test("upright() turns all eight orientations of six letters", () => {
  for (const orientation of ALL) {
    const seen = upright(ofLetters(SEEN[1]), orientation);
    assertEquals(seen, ofLetters(SEEN[orientation]), `${orientation}`);
  }
});

Deno.test("upright() turns a row, a column, and a pixel", () => {
  for (const orientation of ALL) {
    const [wide, high] = [
      upright(ofLetters("AB"), orientation),
      upright(ofLetters("A/B"), orientation),
    ];
    const lies = orientation >= 5;
    assertEquals([wide.width, wide.height], lies ? [1, 2] : [2, 1]);
    assertEquals([high.width, high.height], lies ? [2, 1] : [1, 2]);
    assertEquals(wide.data[0], "ABBAAABB".charCodeAt(orientation - 1));
    assertEquals(high.data[0], "AABBABBA".charCodeAt(orientation - 1));
    assertEquals(upright(ofLetters("A"), orientation), ofLetters("A"));
  }
});

/** Rows of pixels, each an [r, g, b]. */
type Rows = string[][];

function rowsOf({ width, height, data }: RgbImage): Rows {
  const pixel = (i: number) => data.subarray(3 * i, 3 * i + 3).join();
  return Array.from(
    { length: height },
    (_, y) => Array.from({ length: width }, (_, x) => pixel(y * width + x)),
  );
}

const mirrored = (rows: Rows): Rows => rows.map((row) => row.toReversed());

/** By a quarter to the right: what was the lowest row is the left column. */
const rotated = (rows: Rows): Rows => rows[0].map((_, x) => rows.map((row) => row[x]).toReversed());

/** The steps to take, in the words that exiftool has for the eight. */
const STEPS: Record<Orientation, ((rows: Rows) => Rows)[]> = {
  1: [],
  2: [mirrored],
  3: [rotated, rotated],
  4: [mirrored, rotated, rotated],
  5: [mirrored, rotated, rotated, rotated],
  6: [rotated],
  7: [mirrored, rotated],
  8: [rotated, rotated, rotated],
};

Deno.test("decodeImage() turns a JPEG as its EXIF data say, in either byte order", () => {
  const plain = decodeImage(stored);
  assertEquals([plain.width, plain.height], [40, 28]);
  const looks = new Set<string>();
  for (const value of ALL) {
    const expected = STEPS[value].reduce((rows, step) => step(rows), rowsOf(plain));
    for (const little of [false, true]) {
      const seen = decodeImage(withExif(stored, writeExif({ value, little })));
      assertEquals([seen.width, seen.height], value >= 5 ? [28, 40] : [40, 28]);
      assertEquals(rowsOf(seen), expected, `${value}, ${little}`);
      looks.add(seen.data.join());
    }
  }
  assertEquals(looks.size, 8, "the picture is too regular to tell");
});

Deno.test("decodeImage() takes the first EXIF data of a JPEG, in any place", () => {
  const lying = (bytes: Uint8Array) => decodeImage(bytes).width === 28;
  const turned = writeExif({ value: 6, little: true });
  assert(
    lying(withApp1(withExif(stored, turned), new TextEncoder().encode("http://ns/xap\0<x/>"))),
  );
  assert(lying(withExif(stored, writeExif({ value: 6, directory: 301 }))));
  assert(lying(withExif(withExif(stored, writeExif()), turned)));
  assert(!lying(withExif(withExif(stored, turned), writeExif())));
  assert(!lying(withApp1(stored, turned)));
});

Deno.test("decodeImage() turns a PNG as its eXIf chunk says", async () => {
  const samples = [..."ABCDEF"].map((letter) => letter.charCodeAt(0));
  const png = { width: 3, height: 2, depth: 8, colourType: 0, samples };
  for (const value of ALL) {
    const { width, height, data } = decodeImage(
      await writePng({ ...png, exif: writeExif({ value }) }),
    );
    const letters = String.fromCharCode(...data.filter((_, i) => i % 3 === 0));
    assertEquals(letters, SEEN[value].replaceAll("/", ""));
    assertEquals([width, height], value >= 5 ? [2, 3] : [3, 2]);
  }
  assertEquals(decodeImage(await writePng({ ...png, exif: writeExif().slice(0, 9) })).width, 3);
});

Deno.test("exifOrientation() ignores damaged EXIF data", () => {
  for (const little of [false, true]) {
    const whole = writeExif({ value: 6, little });
    assertEquals(exifOrientation(whole), 6);
    // The four bytes at the end lead to a next directory, which nobody needs.
    for (let length = 0; length < whole.length - 4; length++) {
      assertEquals(exifOrientation(whole.slice(0, length)), 1, `${length} bytes`);
    }
    const broken = (parts: Parameters<typeof writeExif>[0]) =>
      assertEquals(exifOrientation(writeExif({ value: 6, little, ...parts })), 1);
    for (const value of [0, 9, 0x0600, 65535]) broken({ value });
    for (const type of [0, 1, 2, 4, 8, 65535]) broken({ type });
    for (const count of [0, 2, 3, 2 ** 31, 2 ** 32 - 1]) broken({ count });
    broken({ tag: 0x1201 });
    for (const claimedEntries of [0, 1, 3, 255, 65535]) broken({ claimedEntries });
    // Into the header, next to the right place, past the end, and where a sum overflows.
    for (const claimedDirectory of [0, 1, 2, 7, 9, 36, 38, 40, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - 2]) {
      broken({ claimedDirectory });
    }
    for (const [at, by] of [[0, 0x4c], [1, 0x4c], [2, 1], [3, 1]]) {
      assertEquals(exifOrientation(whole.with(at, by)), 1);
    }
  }
});

Deno.test("exifOrientation() ignores a directory that lies over the header", () => {
  // The offset, 4, is at 4 itself and then says that there are four entries, the second an orientation.
  const bytes = new Uint8Array(54);
  bytes.set([0x49, 0x49, 42, 0, 4]);
  bytes.set([0x12, 1, 3, 0, 1, 0, 0, 0, 6], 18);
  assertEquals(exifOrientation(bytes), 1);
});

Deno.test("exifOrientation() reads nothing outside the data", () => {
  const whole = writeExif({ value: 8 });
  const around = new Uint8Array(200).fill(0x4d);
  around.set(whole, 77);
  assertEquals(exifOrientation(around.subarray(77, 77 + whole.length)), 8);
  assertEquals(exifOrientation(around.subarray(77, 77 + 30)), 1);
});

Deno.test("exifOrientation() gives a number from 1 to 8 for 50,000 broken inputs", () => {
  const files = [writeExif({ value: 6 }), writeExif({ value: 3, little: true })];
  const found = new Map<number, number>();
  for (let seed = 0; seed < 50_000; seed++) {
    const orientation = exifOrientation(mutate(files, new Dice(seed)));
    found.set(orientation, (found.get(orientation) ?? 0) + 1);
  }
  assertEquals([...found.keys()].filter((key) => !(ALL as number[]).includes(key)), []);
  // Most are broken where it matters, many are not.
  assert(found.get(1)! > 10_000 && found.get(6)! > 3000, JSON.stringify([...found]));
});
