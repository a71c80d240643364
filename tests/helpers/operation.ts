// Runs one operation on arrays, on any device, and returns what its operands then hold.

import type { Device } from "../../src/device/device.ts";
import type { OperandsOf, OpName, SizesOf } from "../../src/graph/ops.ts";
import { Plan } from "../../src/graph/plan.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { type Content, tensorOf } from "./launch.ts";

/** Runs `name` once. `contents` are by role; a number is the size of one left full of NaN. */
export async function runOperation<N extends OpName>(
  device: Device,
  name: N,
  sizes: SizesOf<N>,
  contents: { readonly [Role in keyof OperandsOf<N>]: Content },
): Promise<Record<string, Float32Array<ArrayBuffer>>> {
  const tensors = new Map<string, Tensor>();
  for (const [role, content] of Object.entries<Content>(contents)) {
    tensors.set(role, tensorOf(device, role, content));
  }
  const plan = new Plan();
  plan.record(name, sizes, Object.fromEntries(tensors) as unknown as OperandsOf<N>);
  const program = await device.compile(plan);
  try {
    program.run();
    const found: Record<string, Float32Array<ArrayBuffer>> = {};
    for (const [role, tensor] of tensors) found[role] = await device.read(tensor);
    return found;
  } finally {
    program.destroy();
    device.release(...[...tensors.values()].map(({ storage }) => storage!));
  }
}
