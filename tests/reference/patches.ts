// Float64 references of patchify and depatchify: each is the other's inverse, and so its adjoint.

/** Sizes of images (batch, channels, height, width), or clips (batch, channels, frames, ...). */
export interface PatchShape {
  batch: number;
  channels: number;
  /** 1 unless given. */
  frames?: number;
  height: number;
  width: number;
  /** Divides `frames`; 1 unless given. */
  patchFrames?: number;
  /** Side, or height and width, of a patch. */
  patch: number | number[];
}

/**
 * Image (B, C, T, H, W) to tokens (B, N, C*PT*PH*PW), features (c, pt, py, px), tokens frame by
 * frame and row by row.
 */
export function patchify(image: Float64Array, shape: PatchShape): Float64Array {
  const patches = new Float64Array(image.length);
  forEachPixel(shape, (pixel, feature) => patches[feature] = image[pixel]);
  return patches;
}

/** The inverse. */
export function depatchify(patches: Float64Array, shape: PatchShape): Float64Array {
  const image = new Float64Array(patches.length);
  forEachPixel(shape, (pixel, feature) => image[pixel] = patches[feature]);
  return image;
}

function forEachPixel(
  { batch, channels, frames = 1, height, width, patchFrames: long = 1, patch }: PatchShape,
  visit: (pixel: number, feature: number) => void,
): void {
  const [high, wide] = typeof patch === "number" ? [patch, patch] : patch;
  const [down, across] = [height / high, width / wide];
  const features = channels * long * high * wide;
  let pixel = 0;
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < channels; c++) {
      for (let t = 0; t < frames; t++) {
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const place = [Math.floor(t / long), Math.floor(y / high), Math.floor(x / wide)];
            const token = (place[0] * down + place[1]) * across + place[2];
            const feature = ((c * long + t % long) * high + y % high) * wide + x % wide;
            visit(pixel++, (b * (frames / long) * down * across + token) * features + feature);
          }
        }
      }
    }
  }
}
