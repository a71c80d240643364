/**
 * How a workgroup brings slices of an operand of a matrix product into its memory: four neighbouring
 * lines of a tile as a vec4, whichever axis is the fast one in the operand's own memory.
 *
 * @module
 */
import type { FloatType } from "../shapes.ts";
import { type Binding, laneWidth, unroll } from "./kernel.ts";
import { input } from "./operand.ts";
import { invocationsOf, type Tile, unrolledDepth } from "./tiles.ts";

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

/** Reads of each operand, of four numbers, that an invocation does for a slice. */
const READS = 2;

/** WGSL that brings slices into `<name>Tile[d / unrolled][d % unrolled][line / 4]`. */
export interface Slices {
  readonly binding: Binding;
  /** The operand's first element, in loads: `p.<name>`. */
  readonly origin: number;
  /** Declares the memory. */
  readonly declaration: string;
  /** Before the first slice: where this invocation reads and writes. */
  readonly begin: string;
  /** Reads this invocation's share of the slice from `next` on into registers. */
  readonly fetch: string;
  /** Writes what was fetched into the workgroup's memory. */
  readonly keep: string;
}

/**
 * For the lines of a tile from `<name>Line` on. Beyond k slices hold zeros; beyond the last line they
 * hold anything, which no result that is stored depends on.
 */
export function slices(
  { name, lines, sizes, alongK, origin = 0, type }: Operand,
  tile: Tile,
): Slices {
  const { k } = sizes;
  const width = laneWidth(alongK ? k : sizes[lines], origin);
  const { binding, at } = input(name, width, type);
  const { depth } = tile;
  const unrolled = unrolledDepth(tile);
  const quads = tile.side / 4;
  // Along k an invocation reads from every so many lines, else from every so many rows of k.
  const across = alongK ? depth / 4 : quads;
  const [x, y] = invocationsOf(tile);
  const step = x * y / across;
  const begin = (i: number) => {
    const [line, d] = alongK ? [`${i * step}u`, "0u"] : ["0u", `${i * step}u`];
    const [lineOf, kOf] = [`${name}Line + ${name}Mine + ${line}`, `next + ${name}K + ${d}`];
    const [row, within] = alongK ? [lineOf, kOf] : [kOf, lineOf];
    return `var ${name}${i}: vec4<f32>;
  var ${name}From${i} = p.${name} + (${row}) * ${name}Stride + (${within}) / ${width}u;`;
  };
  const fetch = (i: number) => {
    const from = `${name}From${i}`;
    const four = width === 4
      ? at(from)
      : `vec4<f32>(${unroll(4, (j) => at(`${from} + ${j}u`), ", ")})`;
    const first = alongK ? "next" : `next + ${i * step}u`;
    const within = `vec4<u32>(p.k) > ${first} + ${name}K + ${
      alongK ? "vec4<u32>(0u, 1u, 2u, 3u)" : "vec4<u32>()"
    }`;
    return `${name}${i} = ${k % depth === 0 ? four : `select(vec4<f32>(), ${four}, ${within})`};
      ${from} += ${alongK ? `${depth / width}u` : `${depth}u * ${name}Stride`};`;
  };
  const row = (d: string) => `${name}Tile[(${d}) / ${unrolled}u][(${d}) % ${unrolled}u]`;
  const keep = (i: number) =>
    alongK
      ? unroll(
        4,
        (j) =>
          `${row(`${name}K + ${j}u`)}[${name}Mine / 4u + ${i * step / 4}u][${name}Mine % 4u] = ` +
          `${name}${i}[${j}];`,
      )
      : `${row(`${name}K + ${i * step}u`)}[${name}Mine / 4u] = ${name}${i};`;
  const [slow, fast] = [`local / ${across}u`, `local % ${across}u`];
  return {
    binding,
    origin: origin / width,
    // A vec4 more in a row: without it neighbouring rows lie in the same banks.
    declaration: `var<workgroup> ${name}Tile: array<array<array<vec4<f32>, ${
      quads + 1
    }>, ${unrolled}>, ${depth / unrolled}>;`,
    begin: `let ${name}Stride = p.${alongK ? "k" : lines} / ${width}u;
  let ${name}K = ${alongK ? `${fast} * 4u` : slow};
  let ${name}Mine = ${alongK ? slow : `${fast} * 4u`};
  ${unroll(READS, begin, "\n  ")}`,
    fetch: unroll(READS, fetch, "\n      "),
    keep: unroll(READS, keep, "\n    "),
  };
}
