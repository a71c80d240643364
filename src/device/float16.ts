/**
 * Half-precision numbers as their bits, for runtimes without Float16Array (Node before 24, and
 * browsers before 2025).
 *
 * @module
 */

/** Widens halves; every one of them is a float32. A NaN becomes the one NaN. */
export function fromFloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = half >> 10 & 31;
    const fraction = half & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24);
  });
}

/** Rounds to the nearest half, ties to even; what is 65,520 or more becomes infinite. */
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
