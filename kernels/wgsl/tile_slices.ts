/**
 * How a workgroup brings slices of an operand of a matrix product into its memory: four neighbouring
 * lines of a tile as a vec4, whichever axis is the fast one in the operand's own memory.
 *
 * @module
 */
import type { FloatType } from "../shapes.ts";
import { type Binding, laneWidth, unroll } from "./kernel.ts";
import { parameter } from "./parameter.ts";
import { type Tile, UNROLLED } from "./tiles.ts";

/** An operand of a product, (lines, k) or (k, lines). */
export interface Operand {
  readonly name: "a" | "b";
  /** The name of its number of lines. */
  readonly lines: "m" | "n";
  readonly sizes: { readonly m: number; readonly n: number; readonly k: number };
  /** Whether neighbours in memory are neighbours along k. */
  readonly alongK: boolean;
  /** Its first element within its binding. */
  readonly origin?: number;
  readonly type?: FloatType;
}

/** WGSL that brings slices into `<name>Tile[d / unrolled][d % unrolled][line / 4]`. */
export interface Slices {
  readonly binding: Binding;
  /** The operand's first element, in loads: `p.<name>`. */
  readonly origin: number;
  /** Declares the memory. */
  readonly declaration: string;
  /** Before the first slice: where this invocation reads and writes. */
  readonly before: string;
  /** Loads the slice from `k0` on. */
  readonly load: string;
}

/**
 * For the lines of a tile from `<name>Line` on. Beyond k slices hold zeros; beyond the last line they
 * hold anything, which no result that is stored depends on.
 */
export function slices(
  { name, lines, sizes, alongK, origin = 0, type }: Operand,
  { side, each, depth }: Tile,
): Slices {
  const { k } = sizes;
  const width = laneWidth(alongK ? k : sizes[lines], origin);
  const { binding, at } = parameter(name, width, type);
  const unrolled = UNROLLED / each ** 2;
  const quads = side / 4;
  const threads = (side / each) ** 2;
  // Along k an invocation turns a block of 4 x 4, else it takes a vec4 from every so many rows.
  const across = alongK ? depth / 4 : quads;
  const step = threads / quads;
  const index = (line: string | number, k: string) =>
    alongK
      ? `${line} * ${name}Stride + (${k}) / ${width}u`
      : `(${k}) * ${name}Stride + ${line} / ${width}u`;
  const kOf = (i: number) => alongK ? "k0" : `k0 + ${i * step}u`;
  const load = (i: number) => {
    const from = `${name}From + ${index(alongK ? `${i}u` : "0u", kOf(i))}`;
    const four = width === 4
      ? at(from)
      : `vec4<f32>(${unroll(4, (j) => at(`${from} + ${j}u`), ", ")})`;
    return `let r${i} = ${
      k % depth === 0
        ? four
        : `select(vec4<f32>(), ${four}, vec4<u32>(p.k) > ${kOf(i)} + ${name}K + ${
          alongK ? "vec4<u32>(0u, 1u, 2u, 3u)" : "vec4<u32>()"
        })`
    };`;
  };
  const store = (i: number) => {
    const d = `(${name}K + ${alongK ? i : i * step}u)`;
    return `${name}Tile[${d} / ${unrolled}u][${d} % ${unrolled}u][${name}Quad] = ${
      alongK ? `vec4<f32>(${unroll(4, (j) => `r${j}[${i}]`, ", ")})` : `r${i}`
    };`;
  };
  const count = alongK ? 4 : depth / step;
  const [slow, fast] = [`local / ${across}u`, `local % ${across}u`];
  return {
    binding,
    origin: origin / width,
    // A vec4 more in a row: without it neighbouring rows lie in the same banks.
    declaration: `var<workgroup> ${name}Tile: array<array<array<vec4<f32>, ${
      quads + 1
    }>, ${unrolled}>, ${depth / unrolled}>;`,
    before: `let ${name}Stride = p.${alongK ? "k" : lines} / ${width}u;
  let ${name}K = ${alongK ? `${fast} * 4u` : slow};
  let ${name}Quad = ${alongK ? slow : fast};
  let ${name}From = p.${name} + ${index(`(${name}Line + ${name}Quad * 4u)`, `${name}K`)};`,
    // There are twice as many invocations as blocks in some tiles.
    load: `if (${name}Quad < ${quads}u) {
      ${unroll(count, load, "\n      ")}
      ${unroll(count, store, "\n      ")}
    }`,
  };
}
