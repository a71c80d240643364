// Float64 twins of patchify and depatchify: each is the other's inverse, and so its adjoint.

/** Sizes of the images (batch, channels, height, width); `patch` divides height and width. */
export interface PatchShape {
  batch: number;
  channels: number;
  height: number;
  width: number;
  patch: number;
}

/** Image (B, C, H, W) to tokens (B, N, C*P*P), features (c, py, px), tokens row by row. */
export function patchify(image: Float64Array, shape: PatchShape): Float64Array {
  const patches = new Float64Array(image.length);
  forEachPixel(shape, (pixel, feature) => patches[feature] = image[pixel]);
  return patches;
}

/** Tokens (B, N, C*P*P) to image (B, C, H, W). */
export function depatchify(patches: Float64Array, shape: PatchShape): Float64Array {
  const image = new Float64Array(patches.length);
  forEachPixel(shape, (pixel, feature) => image[pixel] = patches[feature]);
  return image;
}

function forEachPixel(
  { batch, channels, height, width, patch }: PatchShape,
  visit: (pixel: number, feature: number) => void,
): void {
  const across = width / patch;
  const tokens = across * (height / patch);
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const pixel = ((b * channels + c) * height + y) * width + x;
          const token = Math.floor(y / patch) * across + Math.floor(x / patch);
          const feature = (c * patch + y % patch) * patch + x % patch;
          visit(pixel, (b * tokens + token) * channels * patch * patch + feature);
        }
      }
    }
  }
}
