/// <reference types="@webgpu/types" />
/**
 * Where a tensor lies within its kernel's binding.
 *
 * @module
 */
import { bytesOfOne, type Tensor, typeOf } from "../../graph/tensor.ts";
import { DeviceLimitError, SMALLER } from "../errors.ts";

/** Alignment of bindings, bytes: WebGPU's default minStorageBufferOffsetAlignment. */
const ALIGNMENT = 256;

/** Bytes between the parameters of one dispatch and the next. */
export const PARAMS_STRIDE = ALIGNMENT;

/** Bytes of a buffer that holds `bytes`: kernels can read it four floats at a time. */
export function bufferBytes(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

/** The first element of a tensor within its binding. */
export function originOf(tensor: Tensor): number {
  return tensor.offset % (ALIGNMENT / bytesOfOne(typeOf(tensor)));
}

/**
 * What is bound for a tensor, in bytes of its buffer. It can begin at aligned offsets only: the
 * kernel's `origin` skips the rest.
 */
export function bound(tensor: Tensor): { offset: number; size: number } {
  const { offset, size } = tensor;
  const each = bytesOfOne(typeOf(tensor));
  const start = Math.floor(offset * each / ALIGNMENT) * ALIGNMENT;
  return { offset: start, size: bufferBytes((offset + size) * each) - start };
}

/**
 * Checks a buffer, or what a kernel binds of one, against the adapter's limit.
 *
 * @throws {DeviceLimitError} when it is larger
 */
export function expectWithin(
  limits: GPUSupportedLimits,
  name: "maxBufferSize" | "maxStorageBufferBindingSize",
  bytes: number,
  label: string,
): void {
  if (bytes <= limits[name]) return;
  throw new DeviceLimitError(
    `This model needs ${mib(bytes)} at once (${label}) and the adapter allows ` +
      `${mib(limits[name])} (${name}); ${SMALLER}`,
  );
}

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
