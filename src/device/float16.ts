/**
 * Half-precision numbers: devices that have them, and their bits, for runtimes without Float16Array
 * (Node before 24, and browsers before 2025).
 *
 * @module
 */
import type { Device } from "./device.ts";

/** Which values an option of precision takes. */
export const PRECISIONS = ["f32", "f16"] as const;

/** @throws {RangeError} when kernels of a device can't read and write halves */
export function expectF16({ supportsF16, description }: Device): void {
  if (supportsF16) return;
  throw new RangeError(
    `Precision f16 needs a GPU with shader-f16, and this device has none (${description}): use f32`,
  );
}

/** Widens halves; every one of them is a float32. A NaN becomes the one NaN. */
export function fromFloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(halves.length);
  const bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i];
    // With a half's fields in a float32's places, only the exponent's bias is wrong: 15, not 127.
    bits[i] = (half & 0x8000) << 16 | (half & 0x7fff) << 13;
    if ((half & 0x7c00) === 0x7c00) floats[i] = half & 0x3ff ? NaN : half & 0x8000 ? -1 / 0 : 1 / 0;
    else floats[i] *= 2 ** 112;
  }
  return floats;
}

/** Widens bfloat16s: each is the upper half of a float32. */
export function fromBfloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return new Float32Array(bits.buffer);
}

/** Rounds to the nearest half, ties to even; values of 65,520 or more become infinite. */
export function toFloat16(floats: Float32Array<ArrayBuffer>): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const halves = new Uint16Array(floats.length);
  for (let i = 0; i < halves.length; i++) {
    const exponent = Math.max((bits[i] >> 23 & 255) - 127, -14);
    // Where a float64 has no bits below 1 left, adding rounds.
    const units = Math.abs(floats[i]) * 2 ** (10 - exponent) + 2 ** 52 - 2 ** 52;
    const half = Math.min(units + 1024 * (exponent + 14), 0x7c00);
    halves[i] = bits[i] >>> 16 & 0x8000 | (half >= 0 ? half : 0x7e00);
  }
  return halves;
}
