// Runs entries of a tape on a WebAssembly.Memory of its own, in one thread and without the device.

import { assertEquals } from "@std/assert";
import * as constants from "../../kernels/wasm/assembly/codes.ts";
import { compile } from "../../kernels/wasm/build.ts";
import { unshared } from "../../kernels/wasm/unshared.ts";
import type { TapeEntry } from "../../src/device/cpu/tape_entry.ts";
import type { Storage, Tensor } from "../../src/graph/tensor.ts";
import { fieldsOf } from "./classes.ts";

/** The two arithmetics. */
export const ARITHMETICS = ["fused", "exact"] as const;
export type Arithmetic = typeof ARITHMETICS[number];

/** What lies around tensors: shows a write beside one, and spoils what reads beside one. */
const GUARD = 16;

const { ENTRY_BYTES, ...codes } = constants;
const nameOf = new Map(Object.entries(codes).map(([name, code]) => [code as number, name]));

const modules = new Map<Arithmetic, Promise<WebAssembly.Module>>();

/** The build for one thread, compiled from source: a test sees the source, not the committed file. */
export function moduleOf(arithmetic: Arithmetic): Promise<WebAssembly.Module> {
  let module = modules.get(arithmetic);
  if (!module) {
    module = compile(arithmetic).then((bytes) => WebAssembly.compile(unshared(bytes)));
    modules.set(arithmetic, module);
  }
  return module;
}

export interface Tape {
  /** Runs all entries once. */
  run(): void;
  /** What a tensor holds. */
  read(tensor: Tensor): Float32Array<ArrayBuffer>;
  /** Throws when a kernel has written outside of its tensors. */
  checkGuards(): void;
}

export interface TapeOptions {
  readonly arithmetic?: Arithmetic;
  /** Floats by which tensors miss the next 16 bytes, default 0. */
  readonly shift?: number;
}

/** What tensors hold at first; the rest is NaN. */
export type Contents = ReadonlyMap<Tensor, ArrayLike<number>>;

/** Places the tensors of some entries and makes a tape of them. */
export async function makeTape(
  entries: readonly TapeEntry[],
  contents: Contents = new Map(),
  { arithmetic = "fused", shift = 0 }: TapeOptions = {},
): Promise<Tape> {
  for (const { code, fields } of entries) {
    const name = nameOf.get(code) ?? `${code}`;
    assertEquals(Object.keys(fields), fieldsOf(name).map(({ field }) => field), name);
  }
  const barrier = 64;
  const tape = 128;
  let end = tape + entries.length * ENTRY_BYTES;
  const scratchBytes = Math.max(0, ...entries.map(({ scratch = 0 }) => scratch));
  const reserve = (bytes: number) => {
    const start = Math.ceil(end / 16) * 16 + GUARD * 4;
    end = start + bytes + GUARD * 4;
    return start;
  };
  const scratch = reserve(scratchBytes);
  const places = new Map<Storage | Tensor, number>();
  const addressOf = (tensor: Tensor) => {
    const key = tensor.storage ?? tensor;
    let place = places.get(key);
    if (place === undefined) {
      place = reserve((tensor.storage?.bytes ?? tensor.size * 4) + 16) + shift * 4;
      places.set(key, place);
    }
    return place + tensor.offset * 4;
  };
  const words = entries.map(({ code, tiles, fields }) => [
    ...[code, tiles, 0, 1, 0],
    ...Object.values(fields).map((field) =>
      field === undefined ? 0 : typeof field === "number" ? field : addressOf(field)
    ),
  ]);
  for (const tensor of contents.keys()) addressOf(tensor);

  const memory = new WebAssembly.Memory({ initial: Math.ceil((end + 64) / 65536), maximum: 65536 });
  const integers = new Int32Array(memory.buffer);
  const floats = new Float32Array(memory.buffer);
  floats.fill(NaN, tape / 4);
  words.forEach((entry, i) => {
    if (entry.length * 4 > ENTRY_BYTES) throw new RangeError("The entry is too long");
    integers.set(entry, (tape + i * ENTRY_BYTES) / 4);
  });
  for (const [tensor, values] of contents) {
    const place = addressOf(tensor) / 4;
    if (values instanceof Uint32Array) integers.set(values, place);
    else floats.set(values, place);
  }
  const owned = new Uint8Array(floats.length);
  owned.fill(1, 0, (tape + entries.length * ENTRY_BYTES) / 4);
  owned.fill(1, scratch / 4, (scratch + scratchBytes) / 4);
  for (const [key, place] of places) {
    const bytes = "bytes" in key ? key.bytes : key.size * 4;
    owned.fill(1, place / 4, (place + bytes) / 4);
  }
  const instance = new WebAssembly.Instance(await moduleOf(arithmetic), { env: { memory } });
  const run = instance.exports.run as (...args: number[]) => number;
  return {
    run: () => void run(tape, 0, entries.length, 1, 1, barrier, scratch, 0),
    read: (tensor) => floats.slice(addressOf(tensor) / 4, addressOf(tensor) / 4 + tensor.size),
    checkGuards: () => {
      for (let i = 0; i < floats.length; i++) {
        if (!owned[i] && !Number.isNaN(floats[i])) {
          throw new Error(`Wrote beside a tensor, at ${i * 4}`);
        }
      }
    },
  };
}

/** Runs some entries once; returns how to read what they left. */
export async function runEntries(
  entries: readonly TapeEntry[],
  contents: Contents,
  options: TapeOptions = {},
): Promise<Tape["read"]> {
  const tape = await makeTape(entries, contents, options);
  tape.run();
  tape.checkGuards();
  return tape.read;
}
