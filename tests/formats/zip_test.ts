import { assertEquals, assertThrows } from "@std/assert";
import { zipSync } from "fflate";
import { exactly, inMemory, rangeOf } from "../../src/formats/bytes.ts";
import { FormatError } from "../../src/formats/format_error.ts";
import { Inflated } from "../../src/formats/inflated.ts";
import { readZip } from "../../src/formats/zip.ts";
import { zipOf } from "./zip_of.ts";

/** Names and bytes of all files. */
const read = (bytes: Uint8Array<ArrayBuffer>) =>
  readZip(inMemory(bytes)).map(({ name, size, content }) => [name, [...content!.read(0, size)]]);

const files = {
  "a/data.pkl": Uint8Array.of(1, 2, 3),
  "a/data/0": Uint8Array.of(4),
  "e": new Uint8Array(),
};

Deno.test("readZip() reads entries of plain archives, beyond 4 GB, and before a comment", () => {
  for (const options of [{}, { wide: true }, { comment: "made by hand" }]) {
    const found = read(zipOf(files, options));
    assertEquals(Object.fromEntries(found), {
      "a/data.pkl": [1, 2, 3],
      "a/data/0": [4],
      "e": [],
    });
  }
});

Deno.test("readZip() refuses an entry beyond the end and a missing or misplaced directory", () => {
  const whole = zipOf(files);
  // The sizes stand 24 bytes behind the sign of a directory's entry, PK 1 2.
  const size = whole.findIndex((byte, i) => byte === 0x4b && whole[i + 1] === 1) - 1 + 24;
  assertThrows(
    () => read(whole.with(size, 0xff).with(size + 1, 0xff)),
    FormatError,
    "damaged",
  );
  const offset = whole.length - 6;
  assertThrows(() => read(whole.with(offset, 1)), FormatError, "damaged");
  assertThrows(() => read(whole.with(offset + 3, 0x7f)), FormatError, "damaged");
  assertThrows(() => read(whole.slice(0, -30)), FormatError, "has no directory");
});

Deno.test("readZip() reads packed files from any place", () => {
  const values = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251 ^ i >> 9);
  const zip = zipSync({ a: values, b: [Uint8Array.of(1, 2), { level: 0 }] });
  const [a, b] = readZip(inMemory(zip as Uint8Array<ArrayBuffer>));
  assertEquals([a.stored, b.stored, a.size], [false, true, values.length]);
  for (const [at, length] of [[0, 7], [250_000, 3], [249_998, 5], [10, 100_000], [299_999, 9]]) {
    assertEquals(a.content!.read(at, length), values.slice(at, at + length));
  }
  assertEquals(a.content!.read(400_000, 1).length, 0);
  const cut = new Inflated(rangeOf(a.packed, 0, a.packed.size - 9), "deflate");
  for (let i = 0; i < 2; i++) {
    assertThrows(() => exactly(cut, 299_990, 10), FormatError, "it");
  }
});
