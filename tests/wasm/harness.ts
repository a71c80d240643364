// Runs cases on the WebAssembly kernels, without the CPU device: one thread, tensors laid out by hand.

import { assertEquals } from "@std/assert";
import { ENTRY_BYTES } from "../../kernels/wasm/assembly/codes.ts";
import { compile } from "../../src/device/cpu/builds.ts";
import { type Exports, link } from "../../src/device/cpu/link.ts";
import type { Arithmetic } from "../../src/device/cpu/device.ts";
import { lowerings } from "../../src/device/cpu/lowering/table.ts";
import { writeTape } from "../../src/device/cpu/tape.ts";
import type { Lowering, TapeEntry } from "../../src/device/cpu/tape_entry.ts";
import type { OpName } from "../../src/graph/ops.ts";
import { persistent, type Tensor } from "../../src/graph/tensor.ts";
import type { OpCase, Operand } from "../ops/case.ts";
import type { Found } from "../ops/run.ts";
import { fieldsOf, nameOf } from "./classes.ts";

/** What a kernel computes with: each has a build without threads. */
export const ARITHMETICS = ["fused", "exact"] as const satisfies readonly Arithmetic[];

/** In which order a thread takes an entry's tiles. */
export type TileOrder = "forwards" | "backwards";

const PAGE = 65536;

/** What lies between tensors and around scratch memory: a NaN with a mark. */
const GUARD = 0x7fc5a5a5;
const GUARDS = 8;

/** The kernels of a build, ready to run. */
export class Harness {
  #memory: WebAssembly.Memory;
  #run: Exports["run"];

  private constructor(memory: WebAssembly.Memory, run: Exports["run"]) {
    this.#memory = memory;
    this.#run = run;
  }

  /** Links a build. */
  static async make(arithmetic: Arithmetic): Promise<Harness> {
    const module = await compile("alone", arithmetic);
    if (module === undefined) throw new Error(`This runtime has no ${arithmetic} arithmetic`);
    const memory = new WebAssembly.Memory({ initial: 1, maximum: PAGE });
    return new Harness(memory, (await link(module, memory)).run);
  }

  /**
   * Runs a case, each tensor between guards, and returns what they then hold.
   *
   * @param order of the tiles; results must not depend on it
   * @param skew words by which all tensors move; results must not depend on it
   */
  run({ name, sizes, operands }: OpCase, order: TileOrder = "forwards", skew = 0): Found {
    const tensors = tensorsOf(operands);
    const entries = lowered(name, sizes, tensors);
    const layout = new Layout(entries, Object.values(tensors), skew);
    const words = this.#words(layout.end);
    for (const [role, operand] of Object.entries(operands)) {
      if (typeof operand === "string") continue;
      words.set(bitsOf(operand, tensors[role].size), layout.at(tensors[role]));
    }
    const width = ENTRY_BYTES / 4;
    writeTape(
      words.subarray(0, entries.length * width),
      entries.map((entry) => ({ entry, phase: 1, cost: 0 })),
      (tensor) => 4 * layout.at(tensor),
    );
    words.fill(0, layout.barrier, layout.barrier + 2);
    entries.forEach(({ tiles }, index) => {
      const go = () =>
        this.#run(0, index, index + 1, 1, 1, 4 * layout.barrier, 4 * layout.scratch, 0);
      if (order === "forwards") return go();
      // A tape that begins at a tile and ends after it.
      for (let tile = tiles - 1; tile >= 0; tile--) {
        words.set([tile + 1, tile], index * width + 1);
        go();
      }
    });
    for (const [from, to, before] of layout.gaps) {
      if (words.subarray(from, to).some((word) => word !== GUARD)) {
        throw new Error(`${name} wrote before ${before}`);
      }
    }
    const floats = new Float32Array(this.#memory.buffer);
    return Object.fromEntries(
      Object.entries(tensors).map(([role, tensor]) => {
        const place = layout.at(tensor);
        return [role, floats.slice(place, place + tensor.size)];
      }),
    );
  }

  /** Memory of at least `size` words, all of them guards. */
  #words(size: number): Int32Array {
    const missing = Math.ceil(4 * size / PAGE) - this.#memory.buffer.byteLength / PAGE;
    if (missing > 0) this.#memory.grow(missing);
    return new Int32Array(this.#memory.buffer).fill(GUARD, 0, size);
  }
}

/** Where the tape, the barrier, scratch memory and each tensor lie, in words. */
class Layout {
  readonly barrier: number;
  readonly scratch: number;
  /** What nobody can write, and what lies behind it. */
  readonly gaps: [from: number, to: number, before: string][] = [];
  #places = new Map<Tensor, number>();
  #end: number;

  constructor(entries: readonly TapeEntry[], operands: readonly Tensor[], skew: number) {
    this.barrier = entries.length * ENTRY_BYTES / 4;
    this.#end = this.barrier + 4 + skew;
    const bytes = Math.max(0, ...entries.map(({ scratch = 0 }) => scratch));
    this.scratch = this.#reserve(bytes / 4, "scratch memory");
    const fields = entries.flatMap((entry) => Object.values(entry.fields));
    const temporaries = fields.filter((field) => typeof field === "object");
    for (const tensor of new Set([...operands, ...temporaries])) {
      this.#places.set(tensor, this.#reserve(tensor.size, tensor.storage?.name ?? "a temporary"));
    }
    this.#reserve(0, "the end");
  }

  get end(): number {
    return this.#end;
  }

  at(tensor: Tensor): number {
    return this.#places.get(tensor)!;
  }

  #reserve(size: number, name: string): number {
    const start = this.#end + GUARDS;
    this.gaps.push([this.#end, start, name]);
    this.#end = start + size;
    return start;
  }
}

/** A tensor for every role, of its own unless the case says whose. Guards stand in for slabs. */
function tensorsOf(operands: OpCase["operands"]): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [role, operand] of Object.entries(operands)) {
    if (typeof operand !== "string") tensors[role] = persistent(role, operand.shape);
  }
  for (const [role, operand] of Object.entries(operands)) {
    if (typeof operand === "string") tensors[role] = tensors[operand];
  }
  return tensors;
}

/** The entries of an operation, whose fields are those of the kernel's class. */
export function lowered(
  name: OpName,
  sizes: OpCase["sizes"],
  tensors: Record<string, Tensor>,
): readonly TapeEntry[] {
  const lower = (lowerings as unknown as Record<OpName, Lowering<OpName>>)[name];
  const entries = lower(sizes, tensors as never);
  for (const { code, fields } of entries) {
    const kernel = nameOf(code);
    assertEquals(Object.keys(fields), fieldsOf(kernel), kernel);
  }
  return entries;
}

/** The kernels' codes that a case's lowering uses. */
export function codesOf({ name, sizes, operands }: OpCase): number[] {
  return lowered(name, sizes, tensorsOf(operands)).map(({ code }) => code);
}

function bitsOf({ values, type }: Operand, size: number): Int32Array {
  if (values === undefined) return new Int32Array(new Float32Array(size).fill(NaN).buffer);
  if (values.length !== size) throw new Error(`${values.length} values for ${size}`);
  if (type === "u32") return new Int32Array(Uint32Array.from(values).buffer);
  return new Int32Array(Float32Array.from(values).buffer);
}
