// Runs cases on the WebAssembly kernels, without the CPU device: one thread, tensors laid out by hand.

import { ENTRY_BYTES } from "../../kernels/wasm/assembly/codes.ts";
import { compile } from "../../kernels/wasm/build.ts";
import { unshared } from "../../kernels/wasm/unshared.ts";
import { lowerings } from "../../src/device/cpu/lowering/table.ts";
import type { Lowering, TapeEntry } from "../../src/device/cpu/tape_entry.ts";
import type { OpName } from "../../src/graph/ops.ts";
import { persistent, type Tensor } from "../../src/graph/tensor.ts";
import type { OpCase, Operand } from "../ops/case.ts";

/** The builds, which tests run in one thread. */
export const BUILDS = ["exact", "fused"] as const;

/** In which order a thread takes an entry's tiles. */
export type TileOrder = "forwards" | "backwards";

type Run = (
  tape: number,
  from: number,
  count: number,
  phases: number,
  threads: number,
  barrier: number,
  scratch: number,
  budget: number,
) => number;

const PAGE = 65536;
/** What lies between tensors and in scratch memory: a NaN with a mark. */
const GUARD = 0x7fc5a5a5;
const GUARDS = 8;

/** The kernels of a build, ready to run. */
export class Harness {
  #memory: WebAssembly.Memory;
  #run: Run;

  private constructor(memory: WebAssembly.Memory, run: Run) {
    this.#memory = memory;
    this.#run = run;
  }

  /** Compiles a build. */
  static async make(build: typeof BUILDS[number]): Promise<Harness> {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
    const bytes = unshared(await compile(build));
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
    return new Harness(memory, instance.exports.run as Run);
  }

  /**
   * Runs a case and returns all its tensors by role.
   *
   * @param order of the tiles; results must not depend on it
   * @param skew words by which all tensors move; results must not depend on it
   */
  run(
    { name, sizes, operands }: OpCase,
    order: TileOrder = "forwards",
    skew = 0,
  ): Record<string, Float32Array<ArrayBuffer>> {
    const tensors = Object.fromEntries(
      Object.entries(operands).map(([role, { shape }]) => [role, persistent(role, shape)]),
    );
    const lower = (lowerings as unknown as Record<OpName, Lowering<OpName>>)[name];
    const entries = lower(sizes, tensors as never);
    const places = new Map<Tensor, number>();
    let next = entries.length * ENTRY_BYTES / 4 + 4 + skew;
    const scratch = next;
    next += Math.max(0, ...entries.map((entry) => entry.scratch ?? 0)) / 4 + GUARDS;
    for (const tensor of tensorsOf(tensors, entries)) {
      places.set(tensor, next);
      next += tensor.size + GUARDS;
    }
    const missing = Math.ceil(4 * next / PAGE) - this.#memory.buffer.byteLength / PAGE;
    if (missing > 0) this.#memory.grow(missing);
    const words = new Int32Array(this.#memory.buffer).fill(GUARD);
    for (const [role, operand] of Object.entries(operands)) {
      words.set(bitsOf(operand, tensors[role].size), places.get(tensors[role])!);
    }
    entries.forEach((entry, index) => words.set(wordsOf(entry, places), index * ENTRY_BYTES / 4));
    const barrier = entries.length * ENTRY_BYTES;
    entries.forEach(({ tiles }, index) => {
      const go = () => this.#run(0, index, index + 1, 1, 1, barrier, 4 * scratch, 0);
      if (order === "forwards") return go();
      // A tape that begins at a tile and ends after it.
      for (let tile = tiles - 1; tile >= 0; tile--) {
        words.set([tile + 1, tile], index * ENTRY_BYTES / 4 + 1);
        go();
      }
    });
    for (const [tensor, place] of places) {
      const end = place + tensor.size;
      const guards = [...words.subarray(place - 4, place), ...words.subarray(end, end + GUARDS)];
      if (guards.some((word) => word !== GUARD)) {
        throw new Error(`${name} wrote beside ${tensor.storage?.name ?? "a temporary tensor"}`);
      }
    }
    const floats = new Float32Array(this.#memory.buffer);
    return Object.fromEntries(
      Object.entries(tensors).map(([role, tensor]) => {
        const place = places.get(tensor)!;
        return [role, floats.slice(place, place + tensor.size)];
      }),
    );
  }
}

/** The case's tensors, then the temporaries of its lowering, each once. */
function tensorsOf(
  tensors: Record<string, Tensor>,
  entries: readonly TapeEntry[],
): ReadonlySet<Tensor> {
  const fields = entries.flatMap((entry) => Object.values(entry.fields));
  const temporaries = fields.filter((field): field is Tensor => typeof field === "object");
  return new Set([...Object.values(tensors), ...temporaries]);
}

function bitsOf({ values, type }: Operand, size: number): Int32Array {
  if (values === undefined) return new Int32Array(new Float32Array(size).fill(NaN).buffer);
  if (values.length !== size) throw new Error(`${values.length} values for ${size}`);
  if (type === "u32") return new Int32Array(Uint32Array.from(values).buffer);
  return new Int32Array(Float32Array.from(values).buffer);
}

function wordsOf({ code, tiles, fields }: TapeEntry, places: Map<Tensor, number>): number[] {
  const values = Object.values(fields).map((field) =>
    typeof field === "number" ? field : field === undefined ? 0 : 4 * places.get(field)!
  );
  const entry = [code, tiles, 0, 1, 1, ...values];
  if (entry.length > ENTRY_BYTES / 4) {
    throw new Error(`Kernel ${code} has ${values.length} fields: too many`);
  }
  return entry;
}
