/**
 * Bilinear resizing as PyTorch's `interpolate` does it: half-pixel centres, no antialiasing.
 *
 * @module
 */
import { type ImageSize, sidesOf } from "../../model/image_size.ts";

/**
 * Resizes images to squares, stretched where they are none, and puts their channels last.
 *
 * @param images (B, 3, H, W)
 * @param side of the result
 * @returns (B, side, side, 3)
 */
export function resizeBilinear(
  images: Float32Array,
  size: ImageSize,
  side: number,
): Float32Array<ArrayBuffer> {
  const { width, height } = sidesOf(size);
  const batch = images.length / (3 * width * height);
  const out = new Float32Array(batch * side * side * 3);
  const taps = (from: number) =>
    Array.from({ length: side }, (_, i) => {
      const at = Math.max(0, (i + 0.5) * from / side - 0.5);
      const low = Math.floor(at);
      return { low, high: Math.min(low + 1, from - 1), share: at - low };
    });
  const [down, across] = [taps(height), taps(width)];
  let o = 0;
  for (let b = 0; b < batch; b++) {
    for (const y of down) {
      for (const x of across) {
        for (let c = 0; c < 3; c++) {
          const plane = (3 * b + c) * width * height;
          const row = (at: number) => {
            const left = images[plane + at * width + x.low];
            return left + x.share * (images[plane + at * width + x.high] - left);
          };
          const upper = row(y.low);
          out[o++] = upper + y.share * (row(y.high) - upper);
        }
      }
    }
  }
  return out;
}
