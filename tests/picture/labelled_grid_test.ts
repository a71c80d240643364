import { assert, assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { labelledGridPng } from "../../src/picture/labelled_grid.ts";
import { fittedLettering, lettering } from "../../src/picture/lettering.ts";
import { imageBytes } from "../../src/picture/pictures.ts";
import { rgb } from "../helpers/rgb.ts";

/** Rows of points, as one reads them. */
const drawn = (columns: Uint8Array) =>
  Array.from(
    { length: 8 },
    (_, y) => [...columns].map((column) => column >> y & 1 ? "#" : ".").join(""),
  );

Deno.test("lettering() puts letters one point apart, with tails below the line", () => {
  assertEquals(drawn(lettering("Tip 1")), [
    "#####..#...........#.",
    "..#...............##.",
    "..#...##..####.....#.",
    "..#....#..#...#....#.",
    "..#....#..#...#....#.",
    "..#....#..####.....#.",
    "..#...###.#.......###",
    "..........#..........",
  ]);
  assertEquals(lettering("é"), lettering("e"), "accents are left out");
  assertEquals(lettering("猫\n"), lettering("??"), "and what the font lacks is asked for");
  assertEquals(lettering("").length, 0);
});

Deno.test("lettering() gives every letter of ASCII its own form", () => {
  const all = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
  const forms = new Set(all.map((letter) => lettering(letter).join()));
  assertEquals(forms.size, 94);
  for (const letter of all) {
    const columns = lettering(letter);
    assert(columns.length >= 1 && columns.length <= 5 && columns.every((c) => c < 256), letter);
    assert(columns[0] > 0 && columns.at(-1)! > 0, `${letter} has empty columns around it`);
  }
});

Deno.test("fittedLettering() cuts a long word, with two points for the rest", () => {
  for (const columns of [64, 40, 30, 21, 12]) {
    const found = fittedLettering("smiling face", columns);
    assert(found.length <= columns, `${found.length} of ${columns}`);
    const end = columns === 64 ? lettering("e") : lettering("..");
    assertEquals(found.slice(-end.length), end);
  }
  assertEquals(fittedLettering("smiling", 2).length, 2);
});

/** The bytes of a rectangle of a picture. */
function part(
  { width, data }: { width: number; data: ArrayLike<number> },
  [left, top, across, down]: readonly number[],
): number[] {
  return Array.from({ length: down * across * 3 }, (_, i) => {
    const [y, x, c] = [Math.floor(i / (3 * across)), Math.floor(i / 3) % across, i % 3];
    return data[3 * ((top + y) * width + left + x) + c];
  });
}

Deno.test("labelledGridPng() keeps each image whole, with its word in black below", () => {
  const size = 16;
  const words = ["cat", "dog", "a very long name indeed"];
  const images = Float32Array.from({ length: 3 * 3 * size ** 2 }, (_, i) => Math.sin(i));
  const found = decode(labelledGridPng(images, rgb(size), words, { columns: 2, text: { a: "b" } }));
  // The longest word widens the cells to 64; 9 rows of a word, 2 points between cells.
  assertEquals([found.width, found.height], [2 * 66 + 2, 2 * (16 + 9 + 2) + 2]);
  assertEquals(found.text.a, "b");
  words.forEach((word, i) => {
    const [left, top] = [2 + (i % 2) * 66, 2 + Math.floor(i / 2) * 27];
    assertEquals(part(found, [left + 24, top, size, size]), [...imageBytes(images, i, rgb(size))]);
    const letters = fittedLettering(word, 64);
    const from = left + Math.floor((64 - letters.length) / 2);
    const points = part(found, [from, top + size + 1, letters.length, 8]);
    assertEquals(
      Array.from(
        { length: 8 },
        (_, y) =>
          Array.from(letters, (_, x) => points[3 * (y * letters.length + x)] === 0 ? "#" : ".")
            .join(""),
      ),
      drawn(letters),
    );
  });
  const rest = part(found, [68, 29, 64, 25]);
  assert(rest.every((byte) => byte === 255), "where there is no image it is white");
});

Deno.test("labelledGridPng() scales letters with the images, and squares the grid by default", () => {
  const images = new Float32Array(5 * 3 * 128 ** 2);
  const found = decode(labelledGridPng(images, rgb(128), ["1", "2", "3", "4", "5"], {}));
  assertEquals([found.width, found.height], [3 * 130 + 2, 2 * (128 + 18 + 2) + 2]);
  const one = part(found, [2 + 63 - 2, 2 + 128 + 2, 6, 14]);
  assertEquals(
    one.filter((byte) => byte === 0).length,
    3 * 4 * (lettering("1").reduce(
      (sum, column) => sum + column.toString(2).replaceAll("0", "").length,
      0,
    )),
  );
});
