// Makes tensors of arrays, and runs small plans on them.

import type { Device } from "../../src/device/device.ts";
import type { Plan } from "../../src/graph/plan.ts";
import { persistent, type Tensor } from "../../src/graph/tensor.ts";

/** A tensor of its own that holds `content`: u32 as they are, all else as float32. */
export function tensorOf(
  device: Device,
  name: string,
  content: ArrayLike<number> | Uint32Array<ArrayBuffer>,
  shape?: readonly number[],
): Tensor {
  const tensor = persistent(name, shape ?? [content.length]);
  device.write(tensor, content instanceof Uint32Array ? content : Float32Array.from(content));
  return tensor;
}

/** Compiles a plan, replays it once, and reads `results`. Storages stay. */
export async function runPlan<Name extends string>(
  device: Device,
  plan: Plan,
  results: Record<Name, Tensor>,
): Promise<Record<Name, Float32Array<ArrayBuffer>>> {
  const program = await device.compile(plan);
  try {
    program.run();
    const read: [string, Float32Array<ArrayBuffer>][] = [];
    for (const [name, tensor] of Object.entries<Tensor>(results)) {
      read.push([name, await device.read(tensor)]);
    }
    return Object.fromEntries(read) as Record<Name, Float32Array<ArrayBuffer>>;
  } finally {
    program.destroy();
  }
}
