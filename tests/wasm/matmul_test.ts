// The CPU's matrix product, with every layout and epilogue, against the float64 reference.

import { matmul } from "../../src/device/cpu/lowering/matmul.ts";
import type { OperandsOf, SizesOf } from "../../src/graph/ops.ts";
import { temporary, type Tensor } from "../../src/graph/tensor.ts";
import { assertClose, assertSameBits, data } from "../helpers/close.ts";
import { activation as activate, activationDerivative } from "../reference/activation.ts";
import { matmul as reference } from "../reference/matmul.ts";
import { ARITHMETICS, runEntries, type TapeOptions } from "./entries.ts";

type Shape = readonly [m: number, n: number, k: number];
type Optional = "bias" | "residual" | "pre" | "sums";
type Epilogue = Omit<SizesOf<"matmul">, "m" | "n" | "k" | "layout"> & { operands?: Optional[] };

/** Errors grow with the square root of k; a dropped element would be 1e-3. */
const RELATIVE = 2e-6;

const LAYOUTS = ["nt", "nn", "tn"] as const;

/** Each size beside those of tiles, panels and vectors. */
const SHAPES: readonly Shape[] = [
  [1, 1, 1],
  [1, 5, 3],
  [9, 1, 2],
  [7, 9, 5],
  [6, 8, 4],
  [5, 15, 13],
  [12, 20, 16],
  [65, 67, 33],
  [133, 70, 129],
  [97, 3, 300],
  [13, 65, 1031], // several stretches of k
];

const EPILOGUES: readonly Epilogue[] = [
  { operands: ["bias"] },
  { operands: ["bias", "residual"] },
  { operands: ["bias", "pre"], activation: "gelu" },
  { operands: ["bias"], activation: "gelu" },
  { operands: ["bias", "pre", "residual"], activation: "silu", accumulate: true },
  { accumulate: true },
  { operands: ["pre"], derivative: "gelu" },
  { operands: ["pre", "residual"], derivative: "silu", accumulate: true },
];

interface Results {
  readonly out: Float32Array<ArrayBuffer>;
  readonly pre?: Float32Array<ArrayBuffer>;
  readonly sums?: Float32Array<ArrayBuffer>;
}

/** Random operands by role, or only the room where the product writes. */
function contentsOf([m, n, k]: Shape) {
  return {
    a: data(m * k, 1),
    b: data(k * n, 2),
    bias: data(n, 3),
    residual: data(m * n, 4),
    pre: data(m * n, 5, 2),
    out: data(m * n, 6),
  };
}

async function run(
  layout: SizesOf<"matmul">["layout"],
  shape: Shape,
  { operands: roles = [], ...flags }: Epilogue,
  options: TapeOptions,
): Promise<Results> {
  const [m, n, k] = shape;
  const sizes = { layout, m, n, k, ...flags };
  const values = contentsOf(shape);
  const operands: Record<string, Tensor> = { sums: temporary(m) };
  for (const [role, { length }] of Object.entries(values)) operands[role] = temporary(length);
  const needed = ["a", "b", "out", ...roles];
  for (const role of Object.keys(operands)) if (!needed.includes(role)) delete operands[role];
  const given = Object.entries(values).filter(([role]) =>
    role in operands && (role !== "out" || flags.accumulate) &&
    (role !== "pre" || flags.derivative)
  );
  const contents = new Map(given.map(([role, value]) => [operands[role], value]));
  const entries = matmul(sizes, operands as unknown as OperandsOf<"matmul">);
  const read = await runEntries(entries, contents, options);
  const { out, pre, sums } = operands;
  return { out: read(out), pre: pre && read(pre), sums: sums && read(sums) };
}

function expected(layout: string, shape: Shape, epilogue: Epilogue) {
  const [m, n, k] = shape;
  const { a, b, ...values } = contentsOf(shape);
  const has = (role: Optional) => epilogue.operands?.includes(role);
  const transA = layout === "tn";
  const pre = reference(a, b, { m, n, k, transA, transB: layout === "nt" })
    .map((sum, i) => sum + (has("bias") ? values.bias[i % n] : 0));
  const out = pre.map((value, i) => {
    let y = activate(epilogue.activation ?? "none", value);
    if (epilogue.derivative) y *= activationDerivative(epilogue.derivative, values.pre[i]);
    if (has("residual")) y += values.residual[i];
    return epilogue.accumulate ? y + values.out[i] : y;
  });
  const sums = new Float64Array(m);
  if (transA) { for (let i = 0; i < m * k; i++) sums[i % m] += a[i]; }
  return { out, pre, sums };
}

for (const arithmetic of ARITHMETICS) {
  const check = async (layout: typeof LAYOUTS[number], shape: Shape, epilogue: Epilogue = {}) => {
    const name = `${layout} ${JSON.stringify(epilogue)} at ${shape}:`;
    const found = await run(layout, shape, epilogue, { arithmetic });
    const wanted = expected(layout, shape, epilogue);
    assertClose(`${name} out`, found.out, wanted.out, RELATIVE);
    if (epilogue.activation && found.pre) {
      assertClose(`${name} pre`, found.pre, wanted.pre, RELATIVE);
    }
    if (found.sums) assertClose(`${name} sums`, found.sums, wanted.sums, RELATIVE);
  };

  Deno.test(`wasm matmul, ${arithmetic}: every layout and shape`, async () => {
    for (const layout of LAYOUTS) for (const shape of SHAPES) await check(layout, shape);
  });

  Deno.test(`wasm matmul, ${arithmetic}: every epilogue`, async () => {
    for (const layout of LAYOUTS) {
      for (const epilogue of EPILOGUES) await check(layout, [67, 69, 35], epilogue);
      await check(layout, [13, 65, 1031], { operands: ["bias", "residual"], accumulate: true });
    }
  });

  Deno.test(`wasm matmul, ${arithmetic}: column sums`, async () => {
    for (const shape of [[1, 1, 9], [67, 69, 35], [68, 132, 36], [130, 3, 1031]] as const) {
      await check("tn", shape, { operands: ["sums"] });
      await check("tn", shape, { operands: ["sums"], accumulate: true });
    }
  });

  Deno.test(`wasm matmul, ${arithmetic}: the same bits wherever operands lie`, async () => {
    for (const layout of LAYOUTS) {
      const at = (shift: number) =>
        run(layout, [67, 70, 45], EPILOGUES[4], { arithmetic, shift }).then(({ out }) => out);
      for (const shift of [1, 2, 3]) assertSameBits(layout, await at(shift), await at(0));
    }
  });

  Deno.test(`wasm matmul, ${arithmetic}: a row has the same bits among fewer rows`, async () => {
    // So a picture does not depend on how many are sampled at once.
    const [n, k] = [69, 300];
    for (const layout of ["nt", "nn"] as const) {
      for (const epilogue of EPILOGUES.slice(0, 4)) {
        // The first rows of all operands hold the same numbers whatever m is.
        const rows = async (m: number) =>
          (await run(layout, [m, n, k], epilogue, { arithmetic })).out;
        const many = await rows(211);
        for (const m of [1, 5, 6, 100]) {
          assertSameBits(`${layout} ${m}`, await rows(m), many.subarray(0, m * n));
        }
      }
    }
  });
}
