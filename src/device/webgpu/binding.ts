/// <reference types="@webgpu/types" />
/**
 * Where a tensor lies within its kernel's binding.
 *
 * @module
 */
import { bytesOfOne, type Tensor } from "../../graph/tensor.ts";

/** Alignment of bindings, bytes: WebGPU's default minStorageBufferOffsetAlignment. */
const ALIGNMENT = 256;

/** Bytes between the parameters of one dispatch and the next. */
export const PARAMS_STRIDE = ALIGNMENT;

/** Bytes of a buffer that holds `bytes`: kernels can read it four floats at a time. */
export function bufferBytes(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

/** The first element of a tensor within its binding. */
export function originOf({ offset, storage }: Tensor): number {
  return offset % (ALIGNMENT / bytesOfOne(storage?.type));
}

/** A binding can begin at aligned offsets only: the kernel's `origin` skips the rest. */
export function bound(buffer: GPUBuffer, { offset, size, storage }: Tensor): GPUBufferBinding {
  const each = bytesOfOne(storage?.type);
  const start = Math.floor(offset * each / ALIGNMENT) * ALIGNMENT;
  const end = Math.min(bufferBytes((offset + size) * each), buffer.size);
  return { buffer, offset: start, size: end - start };
}
