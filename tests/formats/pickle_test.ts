import { assertEquals, assertThrows } from "@std/assert";
import { FormatError } from "../../src/formats/format_error.ts";
import { unpickle } from "../../src/formats/pickle.ts";

const nothing = { call: () => undefined, persistent: () => null };
const pickled = (...parts: (number | string)[]) =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "number" ? [part] : [...new TextEncoder().encode(part)]
    ),
  );
const read = (...parts: (number | string)[]) => unpickle(pickled(...parts, "."), nothing);

Deno.test("unpickle() reads numbers, texts, and collections of every protocol", () => {
  assertEquals(read("(I7\nL-12L\nF0.5\nK", 255, "M", 1, 2, "J", 255, 255, 255, 255, "l"), [
    7,
    -12,
    0.5,
    255,
    513,
    -1,
  ]);
  assertEquals(read("(", 0x8a, 2, 0, 0x80, 0x8a, 0, 0x8a, 9, ..."123456789", "t"), [
    -32768,
    0,
    NaN,
  ]);
  assertEquals(read("G", 0x3f, 0xf8, 0, 0, 0, 0, 0, 0), 1.5);
  assertEquals(read("(S'a'\nVb\nU", 1, "cX", 1, 0, 0, 0, "d", 0x8c, 1, "e", "l"), [
    "a",
    "b",
    "c",
    "d",
    "e",
  ]);
  assertEquals(read("(", 0x88, 0x89, "Nt"), [true, false, null]);
  assertEquals(
    read("}(K", 1, "K", 2, "K", 3, "Nu"),
    new Map<unknown, unknown>([[1, 2], [3, null]]),
  );
  assertEquals(read("(K", 1, "K", 2, "d"), new Map([[1, 2]]));
  assertEquals(read("]q", 7, "(K", 1, "h", 7, "0K", 2, "e"), [1, 2]);
  assertEquals(read("K", 1, "2", 0x86), [1, 1]);
});

Deno.test("unpickle() refuses what has no meaning", () => {
  const cases: [(number | string)[], string][] = [
    [["l"], "damaged"],
    [["0"], "damaged"],
    [["h", 3], "damaged"],
    [["(", 0x85], "damaged"],
    [["K", 1, "K", 2, 0x93], "damaged"], // a class whose name is a number
    [[0xff], "unknown opcode 0xff"],
    [["X", 255, 255, 255, 255], "truncated"],
    [["S'a"], "truncated"],
  ];
  for (const [parts, message] of cases) {
    assertThrows(() => read(...parts), FormatError, message);
  }
  assertThrows(() => unpickle(pickled("K", 1), nothing), FormatError, "truncated");
  // Lists that hold each other ten times over, thirty deep, as the name of a class.
  const level = (i: number) => ["(", ...Array(10).fill(["h", i]).flat(), "l", "q", i + 1];
  const bomb = ["]q", 0, ...Array.from({ length: 30 }, (_, i) => level(i)).flat()];
  assertThrows(() => read(...bomb, "N", 0x93), FormatError, "damaged");
});
