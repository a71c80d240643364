/**
 * The work of other networks of pictures, counted from their shapes: a multiplication and an addition
 * are two, and only matrix products, convolutions and attention count, as in `src/model/flops.ts`.
 *
 * @module
 */

/** A U-Net as guided-diffusion's `UNetModel` with `resblock_updown` builds it. */
export interface UNet {
  /** Channels where a multiplier is 1. */
  readonly channels: number;
  /** Of the channels, a level each; every level has half the side of the one before. */
  readonly multipliers: readonly number[];
  /** Residual blocks of a level on the way down; one more on the way up. */
  readonly blocks: number;
}

/** ADM's U-Nets (Dhariwal & Nichol 2021), by the size that they were trained for. */
export const ADM = {
  128: { channels: 256, multipliers: [1, 1, 2, 3, 4], blocks: 2 },
  256: { channels: 256, multipliers: [1, 1, 2, 2, 4, 4], blocks: 2 },
  512: { channels: 256, multipliers: [0.5, 1, 1, 2, 2, 4, 4], blocks: 2 },
} as const satisfies Readonly<Record<number, UNet>>;

/** Sides of the maps that have attention. */
const ATTENTION = [32, 16, 8];

/** FLOPs of a pass of a U-Net over a picture of `size` x `size`; it predicts variances, too. */
export function unetFlops({ channels, multipliers, blocks }: UNet, size: number): number {
  const embedding = 4 * channels;
  let products = channels * embedding + embedding ** 2;
  const convolution = (side: number, from: number, to: number, kernel = 3) => {
    products += side ** 2 * from * to * kernel ** 2;
  };
  const residual = (side: number, from: number, to: number) => {
    convolution(side, from, to);
    convolution(side, to, to);
    if (from !== to) convolution(side, from, to, 1);
    // A scale and a shift.
    products += embedding * 2 * to;
  };
  const attention = (side: number, width: number) => {
    convolution(side, width, 4 * width, 1);
    products += 2 * side ** 4 * width;
  };
  const widths = multipliers.map((multiplier) => multiplier * channels);
  const sideOf = (level: number) => size / 2 ** level;
  const deepest = widths.length - 1;

  let width = widths[0];
  convolution(size, 3, width);
  const kept = [width];
  widths.forEach((own, level) => {
    for (let block = 0; block < blocks; block++) {
      residual(sideOf(level), width, own);
      width = own;
      if (ATTENTION.includes(sideOf(level))) attention(sideOf(level), width);
      kept.push(width);
    }
    if (level === deepest) return;
    residual(sideOf(level + 1), width, width);
    kept.push(width);
  });
  residual(sideOf(deepest), width, width);
  attention(sideOf(deepest), width);
  residual(sideOf(deepest), width, width);
  for (let level = deepest; level >= 0; level--) {
    for (let block = 0; block <= blocks; block++) {
      residual(sideOf(level), width + kept.pop()!, widths[level]);
      width = widths[level];
      if (ATTENTION.includes(sideOf(level))) attention(sideOf(level), width);
    }
    if (level > 0) residual(sideOf(level - 1), width, width);
  }
  convolution(size, width, 6);
  return 2 * products;
}

/** A transformer whose patches all attend to one another, as DiT (Peebles & Xie 2023). */
export interface Transformer {
  readonly width: number;
  readonly depth: number;
  readonly patch: number;
  /** Of the pictures; DiT's are latents of an autoencoder, with 4. */
  readonly channels: number;
}

/** DiT-L's layers on pixels, in patches of 8 px: as many parameters as the RIN has beside it. */
export const DIT_L: Transformer = { width: 1024, depth: 24, patch: 8, channels: 3 };

/** FLOPs of a pass of a transformer over a picture of `size` x `size`; it predicts variances, too. */
export function transformerFlops(
  { width, depth, patch, channels }: Transformer,
  size: number,
): number {
  const tokens = (size / patch) ** 2;
  const features = channels * patch ** 2;
  // q, k, v and the output; an MLP of four times the width; six vectors that modulate them.
  const layer = tokens * (4 + 8) * width ** 2 + 2 * tokens ** 2 * width + 6 * width ** 2;
  return 2 * (depth * layer + tokens * 3 * features * width);
}
