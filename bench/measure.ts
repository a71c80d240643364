/**
 * What the benchmarks share: work recorded many times into one submission, and tables.
 *
 * Deno looks whether a device is done every 11 ms only, so a single dispatch can't be timed from the
 * host: enough of them go into one submission, and the time is divided.
 *
 * @module
 */
import type { Device, Program } from "../src/device/device.ts";
import { Plan } from "../src/graph/plan.ts";
import { persistent, type Tensor } from "../src/graph/tensor.ts";
import { filler, milliseconds } from "./peers/timing.ts";

/** A product out (m, n) = a (m, k) w (n, k)'. */
export interface Shape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Floating-point operations of a product. */
export const flopOf = ({ m, n, k }: Shape): number => 2 * m * n * k;

/** "512 x 128 x 64". */
export const nameOf = ({ m, n, k }: Shape): string => `${m} x ${n} x ${k}`;

/** A product's operands in float32, row by row. */
export interface Operands {
  readonly a: Float32Array<ArrayBuffer>;
  readonly w: Float32Array<ArrayBuffer>;
}

/** Operands of a shape, uniform in (-1, 1). */
export function operandsOf({ m, n, k }: Shape): Operands {
  return { a: filler(m * k, 1, 1), w: filler(n * k, 1, 2) };
}

/** The largest error of `out` against the product in float64, relative to its largest value. */
function productError(
  { m, n, k }: Shape,
  { a, w }: Operands,
  out: Float32Array,
): number {
  let [error, largest] = [0, 0];
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let sum = 0;
      for (let at = 0; at < k; at++) sum += a[row * k + at] * w[column * k + at];
      // Not Math.max: an error that is no number must count as one.
      const difference = Math.abs(out[row * n + column] - sum);
      if (!(difference <= error)) error = difference;
      largest = Math.max(largest, Math.abs(sum));
    }
  }
  return error / largest;
}

/** Throws unless `out` is the product to 1e-5. */
export function checkProduct(
  name: string,
  shape: Shape,
  operands: Operands,
  out: Float32Array,
): void {
  const error = productError(shape, operands, out);
  if (!(error < 1e-5)) {
    throw new Error(`${name}, ${nameOf(shape)}: wrong by ${error} of the largest value`);
  }
}

/** A tensor of its own that holds `values`. */
export function tensorOf(
  device: Device,
  name: string,
  shape: readonly number[],
  values: Float32Array<ArrayBuffer>,
): Tensor {
  const tensor = persistent(name, shape);
  device.write(tensor, values);
  return tensor;
}

/** Compiles what `record` records, which it is asked to do `copies` times into one plan. */
export function copiesOf(
  device: Device,
  copies: number,
  record: (plan: Plan, copy: number) => void,
): Promise<Program<"step">> {
  const plan = new Plan();
  for (let copy = 0; copy < copies; copy++) record(plan, copy);
  return device.compile(plan);
}

/** Replays once and waits; in milliseconds. */
export function timeOnce(device: Device, program: Program<"step">): Promise<number> {
  return milliseconds(async () => {
    program.run();
    await device.idle();
  });
}

const MOST = 2048;

/** Work repeated within one submission, long enough to be timed. */
export class Repeated {
  private constructor(
    readonly device: Device,
    readonly program: Program<"step">,
    readonly copies: number,
  ) {}

  /** Finds out how many copies make a submission of at least 60 milliseconds. */
  static async of(
    device: Device,
    compile: (copies: number) => Promise<Program<"step">>,
  ): Promise<Repeated> {
    const least = 60;
    for (let copies = 4;;) {
      const program = await compile(copies);
      await timeOnce(device, program);
      const ms = await timeOnce(device, program);
      if (ms >= least || copies === MOST) return new Repeated(device, program, copies);
      program.destroy();
      copies = Math.min(MOST, Math.ceil(copies * Math.min(16, 1.2 * least / ms)));
    }
  }

  /** Milliseconds of one copy. */
  async time(): Promise<number> {
    return await timeOnce(this.device, this.program) / this.copies;
  }

  /** Frees its memory. */
  destroy(): void {
    this.program.destroy();
  }
}

/** A table in Markdown; the first column is aligned to the left, the others to the right. */
export function markdown(headings: readonly string[], rows: readonly string[][]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, c) => Math.max(3, ...all.map((row) => row[c].length)));
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((cell, c) => c ? cell.padStart(widths[c]) : cell.padEnd(widths[c])).join(" | ")
    } |`;
  const rule = widths.map((width, c) => c ? `${"-".repeat(width - 1)}:` : "-".repeat(width));
  return [line(headings), line(rule), ...rows.map(line)].join("\n");
}
