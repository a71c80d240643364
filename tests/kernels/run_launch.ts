// Runs one WGSL kernel on arrays and returns what it wrote.

import type { Launch } from "../../kernels/wgsl/kernel.ts";
import type { DeviceData } from "../../src/device/device.ts";
import type { Gpu } from "../../src/device/webgpu/gpu.ts";
import { WebGpuProgram } from "../../src/device/webgpu/program.ts";
import { persistent, type Tensor } from "../../src/graph/tensor.ts";

/** What a binding holds before the kernel runs; a number is the size of one left full of NaN. */
export type Content =
  | ArrayLike<number>
  | Uint32Array<ArrayBuffer>
  | Float16Array<ArrayBuffer>
  | number;

function valuesOf(content: Content): DeviceData {
  if (typeof content === "number") return new Float32Array(content).fill(NaN);
  if (content instanceof Uint32Array || content instanceof Float16Array) return content;
  return Float32Array.from(content);
}

function tensorOf(gpu: Gpu, name: string, content: Content): Tensor {
  const values = valuesOf(content);
  const tensor = persistent(name, [values.length]);
  if (values instanceof Float16Array) return halvesOf(gpu, tensor, values);
  gpu.write(tensor, values);
  return tensor;
}

/** The same of f16, of which an odd number has another behind it: a device is written word by word. */
function halvesOf(gpu: Gpu, tensor: Tensor, values: Float16Array<ArrayBuffer>): Tensor {
  const even = new Float16Array(Math.ceil(values.length / 2) * 2).fill(NaN);
  even.set(values);
  const storage = { name: tensor.storage!.name, bytes: even.byteLength, type: "f16" as const };
  gpu.write({ ...tensor, size: even.length, storage }, even);
  return { ...tensor, storage };
}

/**
 * Runs `launch` once. `contents` are by the names of its bindings; the result has every binding that
 * the kernel may write, NaN where it didn't write a binding that was given as a size.
 */
export async function runLaunch(
  gpu: Gpu,
  launch: Launch,
  contents: Record<string, Content>,
): Promise<Record<string, Float32Array<ArrayBuffer>>> {
  const tensors = launch.bindings.map(({ name }) => {
    if (!(name in contents)) throw new Error(`no content for binding ${name} of ${launch.name}`);
    return tensorOf(gpu, name, contents[name]);
  });
  const program = await WebGpuProgram.compile(gpu, ["step"], [{ launch, tensors, phase: "step" }]);
  try {
    program.run();
    const written: Record<string, Float32Array<ArrayBuffer>> = {};
    for (const [index, { name, access }] of launch.bindings.entries()) {
      if (access === "write") written[name] = await gpu.read(tensors[index]);
    }
    return written;
  } finally {
    program.destroy();
    gpu.release(...tensors.map(({ storage }) => storage!));
  }
}
