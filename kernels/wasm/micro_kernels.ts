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

const ROWS = 6;
const VECTORS = 2;
const UNROLL = 4;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const rows = range(ROWS);
const tile = rows.flatMap((r) => range(VECTORS).map((v) => ({ r, v, sum: `s${r}${v}` })));

/** One step along k: the elements of a from `a(row)`, those of b from `step` on. */
function step(index: number, a: (row: number) => string): string[] {
  return [
    ...range(VECTORS).map((v) =>
      `    const b${index}${v} = v128.load(b, ${(index * VECTORS + v) * 16});`
    ),
    ...rows.flatMap((r) => [
      `    const a${index}${r} = v128.load32_splat(${a(r)});`,
      ...range(VECTORS).map((v) =>
        `    s${r}${v} = madd(a${index}${r}, b${index}${v}, s${r}${v});`
      ),
    ]),
  ];
}

function kernel(options: {
  comment: string;
  name: string;
  parameters: string;
  pointers: string[];
  a: (step: number, row: number) => string;
  advance: (steps: number) => string[];
}): string[] {
  const { comment, name, parameters, pointers, a, advance } = options;
  const loop = (steps: number) => [
    ...range(steps).flatMap((index) => step(index, (r) => a(index, r))),
    ...advance(steps).map((line) => `    ${line}`),
    `    b += ${steps * VECTORS * 16};`,
  ];
  return [
    `/** ${comment} */`,
    `export function ${name}(`,
    ...[parameters, "b: usize", "k: i32", "c: usize", "ldc: usize", "from: usize", "ldf: usize"]
      .map((parameter) => `  ${parameter},`),
    `): void {`,
    ...pointers.map((line) => `  ${line}`),
    ...rows.map((r) => `  const c${r} = c + ldc * ${r};`),
    ...tile.map(({ sum }) => `  let ${sum} = f32x4.splat(0);`),
    `  if (from != 0) {`,
    ...rows.flatMap((r) => [
      ...range(VECTORS).map((v) => `    s${r}${v} = v128.load(from, ${v * 16});`),
      ...(r < ROWS - 1 ? [`    from += ldf;`] : []),
    ]),
    `  }`,
    `  let left = k;`,
    `  for (; left >= ${UNROLL}; left -= ${UNROLL}) {`,
    ...loop(UNROLL),
    `  }`,
    `  for (; left > 0; left--) {`,
    ...loop(1),
    `  }`,
    ...tile.map(({ r, v, sum }) => `  v128.store(c${r}, ${sum}, ${v * 16});`),
    `}`,
    ``,
  ];
}

/** The text of the AssemblyScript file. */
export function microKernels(): string {
  const lines = [
    `/**`,
    ` * Made by kernels/wasm/micro_kernels.ts. c (${ROWS} rows, ${
      VECTORS * 4
    } columns, rows \`ldc\` bytes apart) =`,
    ` * (\`fresh\`) or += a b, with b a panel (k, ${VECTORS * 4}) without gaps. Strides are bytes.`,
    ` */`,
    `import { madd } from "./simd.ts";`,
    ``,
    `/** Rows that a micro-kernel computes. */`,
    `export const ROWS: i32 = ${ROWS};`,
    `/** Columns of a panel. */`,
    `export const PANEL: i32 = ${VECTORS * 4};`,
    ``,
    ...kernel({
      comment:
        `a (valid, k), its rows \`lda\` bytes apart. Rows of c beyond \`valid\` repeat the last.`,
      name: "multiplyRows",
      parameters: "a: usize,\n  lda: usize,\n  valid: i32",
      pointers: [
        ...rows.map((r) => `let p${r} = a${r ? ` + lda * min(${r}, valid - 1)` : ""};`),
      ],
      a: (index, r) => `p${r}, ${index * 4}`,
      advance: (steps) => rows.map((r) => `p${r} += ${steps * 4};`),
    }),
    ...kernel({
      comment: `a (k, ${ROWS}), its rows \`lda\` bytes apart: the product of its transpose.`,
      name: "multiplyColumns",
      parameters: "a: usize,\n  lda: usize",
      pointers: range(UNROLL).map((i) => `let p${i} = a${i ? ` + lda * ${i}` : ""};`),
      a: (index, r) => `p${index}, ${r * 4}`,
      advance: (steps) =>
        steps === 1 ? ["p0 += lda;"] : range(UNROLL).map((i) => `p${i} += lda * ${UNROLL};`),
    }),
  ];
  return lines.join("\n");
}
