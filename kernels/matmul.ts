/**
 * Matrix multiplication, the three products that a linear layer and its adjoint need, with what
 * surrounds them (bias, activation, residual) done in the epilogue.
 *
 * @module
 */
import { type Activation, activations } from "./activation.ts";
import { type Binding, laneType, laneWidth, type Launch, launch, read, write } from "./kernel.ts";
import type { Layout } from "./matmul_layout.ts";
import { rowsBody } from "./matmul_rows.ts";
import { tiledBody } from "./matmul_tiled.ts";

/** A matrix product and its epilogue. */
export interface MatmulOptions {
  readonly layout: Layout;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Kernel family: "rows" (software adapters) or "tiled" (GPUs). */
  readonly family: "rows" | "tiled";
  /** Adds `bias` (n). */
  readonly bias?: boolean;
  /** Applies an activation, after the bias; what it was applied to goes to `pre` if `keepPre`. */
  readonly activation?: Activation;
  readonly keepPre?: boolean;
  /** Multiplies by the derivative of this activation at `pre` (m, n). */
  readonly derivative?: Activation;
  /** Adds `residual` (m, n), last. */
  readonly residual?: boolean;
  /** Adds to what `out` holds. */
  readonly accumulate?: boolean;
  /** Layout tn: also writes the sums of a's columns (m), the gradient of the bias, to `sums`. */
  readonly columnSums?: boolean;
  /** First element of each matrix or vector within what is bound; 0 where not given. */
  readonly origins?: Partial<Record<"a" | "b" | "bias" | "out" | "sums", number>>;
}

/**
 * A matrix product. Binds a, b, then where asked for bias, residual, pre (read for `derivative`),
 * then out, and where asked for pre (written for `keepPre`), sums.
 *
 * @throws {RangeError} when a size is no positive integer, or options exclude each other
 */
export function matmul(options: MatmulOptions): Launch {
  const { layout, m, n, k, family, origins = {} } = options;
  for (const [name, size] of Object.entries({ m, n, k })) {
    if (!Number.isInteger(size) || size < 1) {
      throw new RangeError(`Cannot build matmul: ${name} is ${size}, needed a positive integer`);
    }
  }
  if (options.activation && options.derivative) {
    throw new RangeError("Cannot build matmul: activation and derivative exclude each other");
  }
  if (options.columnSums && layout !== "tn") {
    throw new RangeError(`Cannot build matmul: columnSums needs layout tn, got ${layout}`);
  }
  const { a = 0, b = 0, bias = 0, out = 0, sums = 0 } = origins;
  // Rows of a and b as they lie in memory must start at multiples of the load's width.
  const width = family === "tiled" ? 1 : laneWidth(
    a,
    b,
    layout === "tn" ? m : k,
    layout === "nt" ? k : n,
  );
  const storeWidth = family === "tiled" ? 1 : laneWidth(n, out, bias);
  const loads = `array<${laneType(width)}>`;
  const stores = `array<${laneType(storeWidth)}>`;
  const bindings: (Binding | false)[] = [
    read("a", loads),
    read("b", loads),
    options.bias === true && read("bias", stores),
    options.residual === true && read("residual", stores),
    options.derivative !== undefined && read("pre", stores),
    write("out", stores),
    options.keepPre === true && write("pre", stores),
    options.columnSums === true && write("sums"),
  ];
  const body = (family === "tiled" ? tiledBody : rowsBody)({
    layout,
    width,
    storeWidth,
    bias: options.bias === true,
    columnSums: options.columnSums === true,
  });
  return launch(
    `matmul ${layout}`,
    { m, n, k, a: a / width, b: b / width, bias: bias / storeWidth, out: out / storeWidth, sums },
    bindings,
    body.workgroups(m, n),
    `alias T = ${laneType(storeWidth)};\n${epilogue(options, storeWidth)}${body.code}`,
    2 * m * n * k,
  );
}

/** WGSL function `store(row, col, sum)`: what is done to elements of the product, bias included. */
function epilogue(options: MatmulOptions, width: 1 | 4): string {
  const { activation, keepPre, derivative, residual, accumulate } = options;
  const used = activation ?? derivative;
  return `${used ? activations[used] : ""}
fn store(row: u32, col: u32, sum: T) {
  if (col >= p.n) { return; }
  let i = (row * p.n + col) / ${width}u;
  var y = sum;
  ${keepPre ? "pre[i] = y;" : ""}
  ${activation ? "y = activate(y);" : ""}
  ${derivative ? "y *= derivative(pre[i]);" : ""}
  ${residual ? "y += residual[i];" : ""}
  ${accumulate ? "y += out[p.out + i];" : ""}
  out[p.out + i] = y;
}
`.replace(/\n\s*(?=\n)/g, "");
}
