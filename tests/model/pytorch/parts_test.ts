// Zip archives, pickles and tensors, each on its own.

import { assertEquals, assertThrows } from "@std/assert";
import { describeTorch } from "../../../src/model/pytorch/networks.ts";
import { PythonObject, unpickle } from "../../../src/model/pytorch/pickle.ts";
import { TorchStorage, TorchTensor } from "../../../src/model/pytorch/torch_tensor.ts";
import { readZip } from "../../../src/model/pytorch/zip.ts";
import { CheckpointError } from "../../../src/model/safetensors.ts";
import { zipOf } from "./zip_of.ts";

const files = {
  "a/data.pkl": Uint8Array.of(1, 2, 3),
  "a/data/0": Uint8Array.of(4),
  "e": new Uint8Array(),
};

Deno.test("zip: entries of plain archives, of those beyond 4 GB, and before a comment", () => {
  for (const options of [{}, { wide: true }, { comment: "made by hand" }]) {
    const found = readZip(zipOf(files, options));
    assertEquals(Object.fromEntries([...found].map(([name, data]) => [name, [...data]])), {
      "a/data.pkl": [1, 2, 3],
      "a/data/0": [4],
      "e": [],
    });
  }
});

Deno.test("zip: an entry beyond the end, a directory elsewhere, no directory", () => {
  const whole = zipOf(files);
  // The sizes stand 24 bytes behind the sign of a directory's entry, PK 1 2.
  const size = whole.findIndex((byte, i) => byte === 0x4b && whole[i + 1] === 1) - 1 + 24;
  assertThrows(
    () => readZip(whole.with(size, 0xff).with(size + 1, 0xff)),
    CheckpointError,
    "damaged",
  );
  const offset = whole.length - 6;
  assertThrows(() => readZip(whole.with(offset, 1)), CheckpointError, "damaged");
  assertThrows(() => readZip(whole.with(offset + 3, 0x7f)), CheckpointError, "damaged");
  assertThrows(() => readZip(whole.slice(0, -30)), CheckpointError, "has no directory");
});

const nothing = { call: () => undefined, persistent: () => null };
const pickled = (...parts: (number | string)[]) =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "number" ? [part] : [...new TextEncoder().encode(part)]
    ),
  );
const read = (...parts: (number | string)[]) => unpickle(pickled(...parts, "."), nothing);

Deno.test("pickle: numbers, texts and collections of every protocol", () => {
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

Deno.test("pickle: what has no meaning is refused", () => {
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
    assertThrows(() => read(...parts), CheckpointError, message);
  }
  assertThrows(() => unpickle(pickled("K", 1), nothing), CheckpointError, "truncated");
  // Lists that hold each other ten times over, thirty deep, as the name of a class.
  const level = (i: number) => ["(", ...Array(10).fill(["h", i]).flat(), "l", "q", i + 1];
  const bomb = ["]q", 0, ...Array.from({ length: 30 }, (_, i) => level(i)).flat()];
  assertThrows(() => read(...bomb, "N", 0x93), CheckpointError, "damaged");
});

Deno.test("hyper-parameters in a dict of a class of its own", () => {
  const hyper = new PythonObject("pytorch_lightning.utilities.parsing.AttributeDict", []);
  hyper.items.set("num_heads", 8);
  assertEquals(describeTorch(new Map([["hyper_parameters", hyper]])).numHeads, 8);
  const inner = new Map([["net", new Map([["num_heads", 2]])]]);
  assertEquals(describeTorch(new Map([["hyper_parameters", inner]])).numHeads, 2);
});

const floats = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
const storage = new TorchStorage("torch.FloatStorage", floats);
const tensor = (...[offset, sizes, strides]: unknown[]) =>
  new TorchTensor(storage, offset, sizes, strides);

Deno.test("tensor: views of a storage, and whole numbers", () => {
  assertEquals([...tensor(1, [2, 2], [1, 2]).read("a")], [2, 4, 3, 5]);
  assertEquals([...tensor(0, [2, 3], [0, 1]).read("a")], [1, 2, 3, 1, 2, 3]);
  assertEquals([...tensor(6, [0, 4], [4, 1]).read("a")], []);
  assertEquals([...tensor(5, [], []).read("a")], [6]);
  const longs = new Uint8Array(BigInt64Array.of(-3n, 7n).buffer);
  const whole = new TorchTensor(new TorchStorage("torch.LongStorage", longs), 0, [2], [1]);
  assertEquals([...whole.read("a")], [-3, 7]);
});

Deno.test("tensor: what lies outside of its storage, or would be larger, is refused", () => {
  const cases: [TorchTensor, string][] = [
    [tensor(1, [6], [1]), "larger than its data"],
    [tensor(0, [2, 2], [5, 1]), "larger than its data"],
    [tensor(0, [2 ** 40], [0]), "larger than its data"],
    [tensor(0, [2], [-1]), "no valid strides"],
    [tensor(-1, [2], [1]), "no valid strides"],
    [tensor(0, [2], [1, 1]), "no valid strides"],
    [tensor(0, "2", [1]), "no valid shape"],
    [
      new TorchTensor(new TorchStorage("torch.BoolStorage", floats), 0, [1], [1]),
      "of type torch.Bool",
    ],
    [new TorchTensor(new TorchStorage("toString", floats), 0, [1], [1]), "of type toString"],
    [new TorchTensor(new TorchStorage("torch.FloatStorage", undefined), 0, [1], [1]), "no data"],
    [new TorchTensor(new PythonObject("os.system", []), 0, [1], [1]), "depends on os.system"],
  ];
  for (const [wrong, message] of cases) {
    assertThrows(() => wrong.read("a"), CheckpointError, message);
  }
});
