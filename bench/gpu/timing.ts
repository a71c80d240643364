/**
 * Times of work on a GPU, by the wall and by timestamps.
 *
 * @module
 */
import type { Gpu } from "../../src/device/webgpu/gpu.ts";
import type { OpName } from "../../src/graph/ops.ts";
import { operationFlops } from "../../src/graph/flops.ts";
import type { Operation } from "../../src/graph/plan.ts";
import { persistent, type Tensor } from "../../src/graph/tensor.ts";
import { copiesOf } from "../measure.ts";
import { filler, median, milliseconds } from "../peers/timing.ts";

/** How much a measurement is worth. */
export interface Effort {
  /** Milliseconds that it takes at least. */
  readonly least: number;
  /** How often it is done. */
  readonly turns: number;
  /** FLOP of a submission, about. */
  readonly flops: number;
}

/** One operation's time. */
export interface Timed {
  /** By the wall, of many in a row: with what lies between them. */
  readonly milliseconds: number;
  /** By timestamps, where the adapter has them: the kernels alone. */
  readonly kernelMilliseconds?: number;
  readonly tflops: number;
}

/** Milliseconds of one of the `count` things that \`work\` queues, the median of some turns. */
export async function perOne(
  gpu: Gpu,
  { least, turns }: Effort,
  work: (count: number) => Promise<void> | void,
): Promise<number> {
  const time = (count: number) =>
    milliseconds(async () => {
      await work(count);
      await gpu.idle();
    });
  await time(1);
  let [count, ms] = [1, await time(1)];
  while (ms < least) {
    count = Math.ceil(count * Math.min(16, 1.2 * least / ms));
    ms = await time(count);
  }
  const times = [ms];
  while (times.length < turns) times.push(await time(count));
  return median(times) / count;
}

/** Copies of an operation in a submission at most. */
const MOST = 256;

/** Times a product or attention on numbers of its own, which stay in a cache that has room for them. */
export async function timeOperation<N extends OpName>(
  gpu: Gpu,
  operation: Pick<Operation<N>, "name" | "sizes" | "operands">,
  effort: Effort,
): Promise<Timed & { readonly operands: Readonly<Record<string, Tensor>> }> {
  const { name, sizes } = operation;
  const known = new Map<Tensor, Tensor>();
  const own = (role: string, tensor: Tensor): Tensor => {
    if (!known.has(tensor)) {
      const made = persistent(role, tensor.shape);
      gpu.write(made, filler(made.size, 1, known.size));
      known.set(tensor, made);
    }
    return known.get(tensor)!;
  };
  const operands = Object.fromEntries(
    Object.entries<Tensor | undefined>(operation.operands).flatMap(([role, tensor]) =>
      tensor ? [[role, own(role, tensor)]] : []
    ),
  );
  const flops = operationFlops({ ...operation, phase: "step" } as Operation);
  const copies = Math.min(MOST, Math.ceil(effort.flops / flops));
  const program = await copiesOf(gpu, copies, (plan) => {
    plan.record(name, sizes, operands as never);
  });
  try {
    const submission = await perOne(gpu, effort, (count) => {
      for (let i = 0; i < count; i++) program.run();
    });
    const ms = submission / copies;
    const stamped = gpu.device.features.has("timestamp-query")
      ? (await program.profile()).reduce((sum, kernel) => sum + kernel.milliseconds, 0)
      : undefined;
    return {
      milliseconds: rounded(ms),
      ...stamped && { kernelMilliseconds: rounded(stamped / copies) },
      tflops: rounded(flops / 1e9 / ms),
      operands,
    };
  } finally {
    program.destroy();
  }
}

/** To four digits. */
export const rounded = (value: number): number => Number(value.toPrecision(4));
