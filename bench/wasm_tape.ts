/**
 * Entries of a tape on a memory of their own, in one thread and without the device: what is timed is
 * the kernels alone.
 *
 * @module
 */
import { compile } from "../kernels/wasm/build.ts";
import { unshared } from "../kernels/wasm/unshared.ts";
import { tapeBytes, tensorsOf, writeTape } from "../src/device/cpu/tape.ts";
import type { TapeEntry } from "../src/device/cpu/tape_entry.ts";
import type { Tensor } from "../src/graph/tensor.ts";

/** The two arithmetics. */
export const ARITHMETICS = ["fused", "exact"] as const;

/** One of {@linkcode ARITHMETICS}. */
export type Arithmetic = typeof ARITHMETICS[number];

const LINE = 64;

/** A function that runs entries once, on tensors that hold `contents` at first. */
export async function tapeOf(
  entries: readonly TapeEntry[],
  contents: ReadonlyMap<Tensor, Float32Array>,
  arithmetic: Arithmetic,
): Promise<() => void> {
  const barrier = LINE;
  const tape = 2 * LINE;
  let end = tape;
  const reserve = (bytes: number) => {
    const start = Math.ceil(end / LINE) * LINE;
    end = start + bytes;
    return start;
  };
  reserve(tapeBytes(entries));
  const scratch = reserve(Math.max(0, ...entries.map((entry) => entry.scratch ?? 0)));
  const tensors = new Set([...entries.flatMap(tensorsOf), ...contents.keys()]);
  const places = new Map([...tensors].map((tensor) => [tensor, reserve(4 * tensor.size)]));
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((end + LINE) / 65536),
    maximum: 65536,
  });
  const words = new Int32Array(memory.buffer, tape, tapeBytes(entries) / 4);
  const phased = entries.map((entry) => ({ entry, phase: 1, cost: 1 }));
  writeTape(words, phased, (tensor) => places.get(tensor)!);
  for (const [tensor, values] of contents) {
    new Float32Array(memory.buffer, places.get(tensor)!).set(values);
  }
  const module = await WebAssembly.compile(unshared(await compile(arithmetic)));
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  return () =>
    (run as (...args: number[]) => void)(tape, 0, entries.length, 1, 1, barrier, scratch, 0);
}
