/**
 * Innermost loops of a matrix product in AssemblyScript, of different shapes, for the ladder.
 *
 * @module
 */

/** What a loop keeps in registers, and how it reads the elements of a. */
export interface Loop {
  readonly rows: number;
  /** Of 4 columns. */
  readonly vectors: number;
  /** Steps along k in one turn. */
  readonly unroll: number;
  /** "load": each by itself; "shuffle": 4 at once. */
  readonly a: "load" | "shuffle";
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** A module whose `product` multiplies packed a (panels of `rows`) and b; results go to one place. */
export function loopSource({ rows, vectors, unroll, a }: Loop): string {
  const results = range(rows).flatMap((r) => range(vectors).map((v) => `s${r}${v}`));
  const shuffled = a === "shuffle" ? rows - rows % 4 : 0;
  const element = (i: number, r: number) => {
    if (r >= shuffled) return `v128.load32_splat(a, ${(i * rows + r) * 4})`;
    const four = `r${i}${r >> 2}`;
    return `v128.shuffle<f32>(${four}, ${four}, ${Array(4).fill(r % 4)})`;
  };
  const steps = range(unroll).flatMap((i) => [
    ...range(shuffled / 4).map((g) => `const r${i}${g} = v128.load(a, ${(i * rows + g * 4) * 4});`),
    ...range(vectors).map((v) => `const b${i}${v} = v128.load(b, ${(i * vectors + v) * 16});`),
    ...range(rows).flatMap((r) => [
      `const a${i}${r} = ${element(i, r)};`,
      ...range(vectors).map((v) => `s${r}${v} = madd(a${i}${r}, b${i}${v}, s${r}${v});`),
    ]),
  ]);
  return `import { madd } from "./simd.ts";
function loop(a: usize, b: usize, k: i32, c: usize): void {
  ${results.map((sum) => `let ${sum} = f32x4.splat(0);`).join("\n  ")}
  for (; k > 0; k -= ${unroll}) {
    ${steps.join("\n    ")}
    a += ${unroll * rows * 4};
    b += ${unroll * vectors * 16};
  }
  ${results.map((sum, i) => `v128.store(c, ${sum}, ${i * 16});`).join("\n  ")}
}
export function product(a: usize, b: usize, c: usize, m: i32, n: i32, k: i32): void {
  for (let j = 0; j < n; j += ${vectors * 4}) {
    for (let i = 0; i < m; i += ${rows}) loop(a + ((i * k) << 2), b + ((j * k) << 2), k, c);
  }
}`;
}
