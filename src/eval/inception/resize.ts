/**
 * Bilinear resizing as PyTorch's `interpolate` does it: half-pixel centres, no antialiasing.
 *
 * @module
 */

/**
 * Resizes images and puts their channels last.
 *
 * @param images (B, 3, S, S)
 * @param size S
 * @param side of the result
 * @returns (B, side, side, 3)
 */
export function resizeBilinear(
  images: Float32Array,
  size: number,
  side: number,
): Float32Array<ArrayBuffer> {
  const batch = images.length / (3 * size * size);
  const out = new Float32Array(batch * side * side * 3);
  const taps = Array.from({ length: side }, (_, i) => {
    const at = Math.max(0, (i + 0.5) * size / side - 0.5);
    const low = Math.floor(at);
    return { low, high: Math.min(low + 1, size - 1), share: at - low };
  });
  let o = 0;
  for (let b = 0; b < batch; b++) {
    for (const y of taps) {
      for (const x of taps) {
        for (let c = 0; c < 3; c++) {
          const plane = (3 * b + c) * size * size;
          const row = (at: number) => {
            const left = images[plane + at * size + x.low];
            return left + x.share * (images[plane + at * size + x.high] - left);
          };
          const upper = row(y.low);
          out[o++] = upper + y.share * (row(y.high) - upper);
        }
      }
    }
  }
  return out;
}
