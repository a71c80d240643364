/**
 * Writes `assembly/micro_kernels.ts`: the innermost loops of all matrix products, unrolled. Run by
 * `deno task wasm`.
 *
 * 6 rows x 8 columns are 12 registers; with 2 of b and 1 of a they fill the 15 that V8 has on x86.
 * Four steps along k at a time make up for the bounds check of every load. docs/cpu.md has the other
 * shapes that were tried.
 *
 * @module
 */

/** What the innermost loop keeps in registers: rows and vectors of 4 columns; steps along k. */
export interface MicroShape {
  readonly rows: number;
  readonly vectors: number;
  readonly unroll: number;
}

const SHAPE: MicroShape = { rows: 6, vectors: 2, unroll: 4 };

interface Kernel {
  readonly name: string;
  readonly comment: string;
  /** Parameters that say where a lies, and the pointers to it. */
  readonly parameters: readonly string[];
  readonly pointers: readonly string[];
  /** Which pointer and offset an element of a has. */
  readonly a: (step: number, row: number) => string;
  /** What moves the pointers. */
  readonly advance: (steps: number) => readonly string[];
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** a is (valid, k): a pointer for each row. */
function rowsKernel({ rows }: MicroShape): Kernel {
  return {
    name: "multiplyRows",
    comment: "a (valid, k), its rows `lda` bytes apart. Rows of c beyond `valid` repeat the last.",
    parameters: ["a: usize", "lda: usize", "valid: i32"],
    pointers: range(rows).map((r) => `let p${r} = a${r ? ` + lda * min(${r}, valid - 1)` : ""};`),
    a: (step, row) => `p${row}, ${step * 4}`,
    advance: (steps) => range(rows).map((r) => `p${r} += ${steps * 4};`),
  };
}

/** a is (k, rows): a pointer for each step. */
function columnsKernel({ rows, unroll }: MicroShape): Kernel {
  return {
    name: "multiplyColumns",
    comment: `a (k, ${rows}), its rows \`lda\` bytes apart: the product of its transpose.`,
    parameters: ["a: usize", "lda: usize"],
    pointers: range(unroll).map((i) => `let p${i} = a${i ? ` + lda * ${i}` : ""};`),
    a: (step, row) => `p${step}, ${row * 4}`,
    advance: (steps) =>
      steps === 1 ? ["p0 += lda;"] : range(unroll).map((i) => `p${i} += lda * ${unroll};`),
  };
}

function write({ rows, vectors, unroll }: MicroShape, kernel: Kernel): string[] {
  const results = range(rows).flatMap((r) =>
    range(vectors).map((v) => ({ row: r, at: v * 16, sum: `s${r}${v}` }))
  );
  const step = (i: number) => [
    ...range(vectors).map((v) => `const b${i}${v} = v128.load(b, ${(i * vectors + v) * 16});`),
    ...range(rows).flatMap((r) => [
      `const a${i}${r} = v128.load32_splat(${kernel.a(i, r)});`,
      ...range(vectors).map((v) => `s${r}${v} = madd(a${i}${r}, b${i}${v}, s${r}${v});`),
    ]),
  ];
  const loop = (steps: number) =>
    [
      ...range(steps).flatMap(step),
      ...kernel.advance(steps),
      `b += ${steps * vectors * 16};`,
    ].map((line) => `    ${line}`);
  const where = ["b: usize", "k: i32", "c: usize", "ldc: usize", "from: usize", "ldf: usize"];
  return [
    `/** ${kernel.comment} */`,
    `export function ${kernel.name}(`,
    ...[...kernel.parameters, ...where].map((parameter) => `  ${parameter},`),
    `): void {`,
    ...kernel.pointers.map((line) => `  ${line}`),
    ...range(rows).map((r) => `  const c${r} = c + ldc * ${r};`),
    ...results.map(({ sum }) => `  let ${sum} = f32x4.splat(0);`),
    `  if (from != 0) {`,
    ...range(rows).flatMap((r) => [
      ...results.filter(({ row }) => row === r)
        .map(({ sum, at }) => `    ${sum} = v128.load(from, ${at});`),
      `    from += ldf;`,
    ]),
    `  }`,
    `  let left = k;`,
    `  for (; left >= ${unroll}; left -= ${unroll}) {`,
    ...loop(unroll),
    `  }`,
    `  for (; left > 0; left--) {`,
    ...loop(1),
    `  }`,
    ...results.map(({ row, at, sum }) => `  v128.store(c${row}, ${sum}, ${at});`),
    `}`,
    ``,
  ];
}

/** The text of the AssemblyScript file; bench/wasm_ladder.ts times other shapes. */
export function microKernels(shape = SHAPE): string {
  const { rows, vectors } = shape;
  const columns = vectors * 4;
  return [
    `/**`,
    ` * Made by kernels/wasm/micro_kernels.ts. c (${rows} rows, ${columns} columns, rows \`ldc\` bytes apart) =`,
    ` * a b + what lies at \`from\` (rows \`ldf\` apart) unless that is 0, with b a panel (k, ${columns})`,
    ` * without gaps. Strides are bytes.`,
    ` */`,
    `import { madd } from "./simd.ts";`,
    ``,
    `/** Rows that a micro-kernel computes. */`,
    `export const ROWS: i32 = ${rows};`,
    `/** Columns of a panel. */`,
    `export const PANEL: i32 = ${columns};`,
    ``,
    ...write(shape, rowsKernel(shape)),
    ...write(shape, columnsKernel(shape)),
  ].join("\n");
}
