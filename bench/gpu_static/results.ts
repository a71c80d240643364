/**
 * What `gpu_static.ts` found, as a JSON file a commit in `bench/results/gpu-static/`.
 *
 * @module
 */
import { type Chip, CHIPS } from "./compile.ts";
import type { GpuPeak } from "./estimate.ts";
import type { Figures } from "./figures.ts";
import type { Step, Work } from "./steps.ts";

/** One kernel text. */
export interface Kernel {
  readonly name: string;
  readonly figures: Readonly<Record<Chip, Figures>>;
}

/** Equal dispatches, by the index of their kernel. */
export interface KernelWork extends Omit<Work, "name" | "code"> {
  readonly kernel: number;
  /** By the estimate, of all of them. */
  readonly milliseconds: Readonly<Record<Chip, number>>;
}

/** One product, in the layouts of `MatmulLayout`. */
export interface ProductFigures {
  /** Such as "512 x 128 x 64, NT". */
  readonly product: string;
  /** "rin" or "jax-js". */
  readonly contender: string;
  readonly figures: Readonly<Record<Chip, Figures>>;
}

/** A step, and what it takes at least. */
export interface StepResult extends Omit<Step, "work"> {
  readonly work: readonly KernelWork[];
}

/** One run. */
export interface StaticResults {
  /** Of this format. */
  readonly version: 1;
  readonly commit: string;
  /** ISO 8601. */
  readonly date: string;
  /** Versions by the name of the software. */
  readonly software: Readonly<Record<string, string>>;
  /** What the estimates are for. */
  readonly peaks: Readonly<Record<Chip, GpuPeak>>;
  readonly kernels: readonly Kernel[];
  readonly steps: readonly StepResult[];
  /** Ours beside a peer's, where it was asked for. */
  readonly products?: readonly ProductFigures[];
}

/** The names of {@linkcode CHIPS}. */
export const CHIP_NAMES = Object.keys(CHIPS) as Chip[];

/** A record with a value for each chip. */
export function forChips<T>(make: (chip: Chip) => T): Record<Chip, T> {
  return Object.fromEntries(CHIP_NAMES.map((chip) => [chip, make(chip)])) as Record<Chip, T>;
}

/**
 * Reads a file of results.
 *
 * @throws {Error} naming the file and what is wrong with it
 */
export async function readResults(path: string): Promise<StaticResults> {
  const fail = (what: string): never => {
    throw new Error(`Cannot read results from ${path}: ${what}`);
  };
  const text = await Deno.readTextFile(path).catch((error) => fail(error.message));
  let results: StaticResults;
  try {
    results = JSON.parse(text);
  } catch {
    return fail("it is not JSON");
  }
  if (results?.version !== 1) fail(`its version is ${results?.version}, expected 1`);
  return results;
}

/** The text of a file of results, with a line for each kernel and each piece of work. */
export function formatResults({ kernels, steps, products = [], ...rest }: StaticResults): string {
  const lines = (items: readonly unknown[]) =>
    items.map((item) => `\n${JSON.stringify(item)}`).join(",");
  const head = JSON.stringify(rest).slice(0, -1);
  const all = steps.map(({ work, ...step }) =>
    `\n${JSON.stringify(step).slice(0, -1)},"work":[${lines(work)}]}`
  );
  return `${head},\n"kernels":[${lines(kernels)}],\n"steps":[${all.join(",")}],\n"products":[${
    lines(products)
  }]}\n`;
}
