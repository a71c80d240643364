// The safetensors format, there and back, and every way in which a file can be wrong.

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  CheckpointError,
  type NamedArray,
  readSafetensors,
  writeSafetensors,
} from "../../src/model/safetensors.ts";
import { assertSameBits } from "../helpers/close.ts";
import { parseSafetensors } from "../helpers/golden.ts";

const tensors = new Map<string, NamedArray>([
  ["matrix", { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, NaN, -0, 1e-45) }],
  ["scalar", { shape: [], data: Float32Array.of(Infinity) }],
  ["empty", { shape: [0, 4], data: new Float32Array() }],
  ["ü.weight", { shape: [1], data: Float32Array.of(7) }],
]);

Deno.test("readSafetensors() reads what writeSafetensors() wrote, bit for bit", () => {
  const metadata = { format: "rin", note: 'quotes " and \u{1F642}' };
  const bytes = writeSafetensors({ metadata, tensors });
  const found = readSafetensors(bytes);
  assertEquals(found.metadata, metadata);
  assertEquals([...found.tensors.keys()], [...tensors.keys()]);
  for (const [name, { shape, data }] of tensors) {
    assertEquals(found.tensors.get(name)!.shape, shape);
    assertSameBits(name, found.tensors.get(name)!.data, data);
  }
  const length = new DataView(bytes.buffer).getBigUint64(0, true);
  assertEquals(length % 8n, 0n, "tensors begin at a multiple of 8");
  assertEquals(parseSafetensors("x", bytes).f32("matrix")[2], 3.5, "another reader agrees");
});

Deno.test("readSafetensors() reads part of a buffer, and writeSafetensors() writes a slice", () => {
  const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
  const bytes = writeSafetensors({ metadata: {}, tensors: new Map([["x", { shape: [2], data }]]) });
  const shifted = new Uint8Array(bytes.length + 11);
  shifted.set(bytes, 3);
  const found = readSafetensors(shifted.subarray(3, 3 + bytes.length));
  assertEquals([...found.tensors.get("x")!.data], [1, 2]);
});

Deno.test("readSafetensors() reads half floats, bfloat16, and double as float32", () => {
  const exact = [1, -2, 0.5, 0, 65504, -0.25];
  const halves = new Float16Array(exact);
  const upper = Float32Array.of(1, -2, 0.5, 0, 65280, -0.25);
  const bfloat = Uint16Array.from(new Uint32Array(upper.buffer), (bits) => bits >>> 16);
  const types = {
    F16: [halves, exact],
    BF16: [bfloat, upper],
    F64: [new Float64Array(exact), exact],
  };
  for (
    const [dtype, [raw, values]] of Object.entries(types) as [string, [Uint16Array, number[]]][]
  ) {
    const head = file(
      JSON.stringify({ a: entry([2, 3], [0, raw.byteLength], dtype) }),
      raw.byteLength,
    );
    head.set(new Uint8Array(raw.buffer), head.length - raw.byteLength);
    assertEquals([...readSafetensors(head).tensors.get("a")!.data], [...values], dtype);
  }
});

Deno.test("writeSafetensors() rounds to the nearest half float, in half the bytes", () => {
  const data = Float32Array.of(1 / 3, -1e-7, 1e-9, 65504, 3.14159, -0);
  const tensors = new Map([["a", { shape: [6], data }], ["b", {
    shape: [1],
    data: data.slice(0, 1),
  }]]);
  const half = writeSafetensors({ metadata: { a: "b" }, tensors }, "f16");
  const found = readSafetensors(half);
  assertSameBits("a", found.tensors.get("a")!.data, data.map((value) => Math.f16round(value)));
  assertEquals([found.metadata, found.tensors.get("b")!.data.length], [{ a: "b" }, 1]);
  assertEquals(writeSafetensors({ metadata: { a: "b" }, tensors }).length - half.length, 14);
});

Deno.test("readSafetensors() reads a file without tensors or metadata", () => {
  const empty = readSafetensors(file("{}", 0));
  assertEquals([empty.metadata, empty.tensors.size], [{}, 0]);
});

/** A file with any header and so many bytes of data. */
function file(header: string, data: number, length = -1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length < 0 ? text.length : length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (shape: unknown, offsets: unknown, dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: offsets,
});
const withTensors = (header: Record<string, unknown>, data: number) =>
  file(JSON.stringify(header), data);

/** The JSON of a tensor of one float. */
const f1 = (begin: number) => JSON.stringify(entry([1], [begin, begin + 4]));
const good = entry([2], [0, 8]);
const wrong: [name: string, bytes: Uint8Array, message: string][] = [
  ["an empty file", new Uint8Array(), "it has 0 bytes, too few"],
  ["a file of 7 bytes", new Uint8Array(7), "it has 7 bytes, too few"],
  ["a picture", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0), "does not begin as"],
  [
    "a PyTorch pickle",
    new TextEncoder().encode("PK\x03\x04 archive/data.pkl"),
    "does not begin as",
  ],
  ["only a length", file("", 0, 40), "does not begin as"],
  ["a header that is too long", file("{", 0, 2 ** 40), "does not begin as"],
  [
    "a truncated header",
    file('{"a":', 0, 100),
    "truncated: its header is 100 bytes, the file has 13",
  ],
  ["truncated tensors", withTensors({ a: good }, 5), "truncated: its tensors need 8 bytes, 5 are"],
  ["trailing bytes", withTensors({ a: good }, 9), "it has 1 bytes after the last tensor"],
  ["a header cut by its length", file('{"a":1}', 0, 5), "its header is not valid JSON"],
  [
    "a header that is not UTF-8",
    file("{\u00ff", 0).map((b) => b === 0xc3 ? 0xff : b),
    "valid JSON",
  ],
  ["a list for a tensor", withTensors({ a: [] }, 0), "tensor a is of type undefined"],
  ["null for a tensor", withTensors({ a: null }, 0), "tensor a is of type undefined"],
  [
    "an unknown type",
    withTensors({ a: entry([4], [0, 4], "I7") }, 4),
    "a is of type I7, only F32, F16",
  ],
  ["no type", withTensors({ a: entry([4], [0, 4], "toString") }, 4), "a is of type toString, only"],
  [
    "half floats of float32's size",
    withTensors({ a: entry([2], [0, 8], "F16") }, 8),
    "needs 4 bytes",
  ],
  [
    "a name with an escape",
    withTensors({ "a\x1b[2J\n": entry([4], [0, 4], "I7") }, 4),
    "tensor a?[2J? is",
  ],
  ["a name twice", file(`{"a":${f1(0)},"a":${f1(4)}}`, 8), "its header has the key a twice"],
  ["a name twice, spelt otherwise", file(`{"a":${f1(0)},"\\u0061":${f1(4)}}`, 8), "key a twice"],
  ["a name twice, one over the other", file(`{"a":${f1(0)},"a":${f1(0)}}`, 4), "key a twice"],
  ["a field twice", file(`{"a":{"dtype":"F16",${f1(0).slice(1)}}`, 4), "key dtype twice"],
  ["metadata twice", file('{"__metadata__":{"a":"1","a":"2"}}', 0), "key a twice"],
  ["deep nesting", file('{"a":' + "[".repeat(1e6), 0), "its header is nested too deeply"],
  ["a deep type", file('{"a":{"dtype":[[]]}}', 0), "nested too deeply"],
  ["a long shape", withTensors({ a: entry(Array(9).fill(1), [0, 4]) }, 4), "no valid shape"],
  ["a shape beyond all numbers", withTensors({ a: entry([2 ** 53, 2 ** 53], [0, 8]) }, 8), "valid"],
  [
    "a shape whose size has no exact number",
    withTensors({ a: entry([2 ** 52, 2 ** 52], [0, 8]) }, 8),
    "its offsets span 8",
  ],
  [
    "a size near the edge of numbers",
    withTensors({ a: entry([2 ** 50], [0, 2 ** 52]) }, 8),
    "its tensors need 4503599627370496 bytes, 8 are there",
  ],
  [
    "an endless name",
    withTensors({ ["n".repeat(1e6)]: entry([1], [0, 4], "I8") }, 4),
    "tensor nnn",
  ],
  ["no shape", withTensors({ a: entry(2, [0, 8]) }, 8), "tensor a has no valid shape"],
  ["a fraction of a shape", withTensors({ a: entry([0.5], [0, 2]) }, 2), "a has no valid shape"],
  ["a negative shape", withTensors({ a: entry([-1, -2], [0, 8]) }, 8), "a has no valid shape"],
  ["one offset", withTensors({ a: entry([2], [0]) }, 8), "tensor a has no valid offsets"],
  ["a negative offset", withTensors({ a: entry([2], [-8, 0]) }, 8), "a has no valid offsets"],
  [
    "offsets the wrong way",
    withTensors({ a: entry([2], [8, 0]) }, 8),
    "needs 8 bytes, its offsets",
  ],
  [
    "offsets that differ from the shape",
    withTensors({ a: entry([3, 2], [0, 8]) }, 8),
    "tensor a of shape (3, 2) needs 24 bytes, its offsets span 8",
  ],
  ["an overlap", withTensors({ a: good, b: entry([2], [4, 12]) }, 12), "b overlaps the one before"],
  [
    "the same place twice",
    withTensors({ a: good, b: good }, 8),
    "tensor b overlaps the one before",
  ],
  ["a hole", withTensors({ a: good, b: entry([2], [12, 20]) }, 20), "a hole before tensor b"],
  ["a hole at the start", withTensors({ a: entry([2], [4, 12]) }, 12), "a hole before tensor a"],
  [
    "numbers in the metadata",
    withTensors({ __metadata__: { a: 1 } }, 0),
    "not a record of strings",
  ],
  ["no record of metadata", withTensors({ __metadata__: "x" }, 0), "not a record of strings"],
];

for (const [name, bytes, message] of wrong) {
  Deno.test(`readSafetensors() refuses ${name}`, () => {
    assertThrows(() => readSafetensors(bytes), CheckpointError, message);
  });
}

Deno.test("readSafetensors() skips counters, masks, and null metadata beside the floats", () => {
  const bytes = withTensors({
    __metadata__: null,
    step: entry([1], [0, 8], "I64"),
    a: entry([2], [8, 16]),
    mask: entry([3], [16, 19], "BOOL"),
    e4m3: entry([1], [19, 20], "F8_E4M3"),
  }, 20);
  const { metadata, tensors: floats, others } = readSafetensors(bytes);
  assertEquals(metadata, {});
  assertEquals([...floats.keys()], ["a"]);
  assertEquals([...others!], [["step", "I64"], ["mask", "BOOL"], ["e4m3", "F8_E4M3"]]);
  // They are checked like all others.
  assertThrows(
    () => readSafetensors(withTensors({ step: entry([2], [0, 8], "I64") }, 8)),
    CheckpointError,
    "needs 16 bytes",
  );
});

Deno.test("readSafetensors() refuses every truncation", () => {
  const bytes = writeSafetensors({ metadata: { format: "rin" }, tensors });
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => readSafetensors(bytes.subarray(0, length)), CheckpointError);
  }
  const changed = Uint8Array.from(bytes);
  for (let i = 0; i < bytes.length; i++) {
    changed[i] ^= 0x41;
    try {
      readSafetensors(changed);
    } catch (error) {
      assert(error instanceof CheckpointError, `byte ${i} changed: ${error}`);
    }
    changed[i] = bytes[i];
  }
});
