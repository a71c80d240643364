/**
 * Inception v3 (Szegedy et al. 2015, arXiv 1512.00567) as FID uses it: the TensorFlow network of
 * 2015-12-05 under pytorch-fid's names. It differs from the paper's: means of the pooling branches
 * leave out the padding, and the last block takes the largest value in place of the mean.
 *
 * @module
 */
import type { Images, Layers, Steps } from "./layers.ts";

/** From images (batch, side, side, 3) in [-1, 1] to the last block's (batch, h, w, 2048). */
export function inception(layers: Layers, images: Images): Images {
  const valid = { valid: true } as const;
  const stride = { stride: 2 } as const;
  let x = layers.convolve("Conv2d_1a_3x3", images, stride);
  x = layers.convolve("Conv2d_2a_3x3", x, valid);
  x = layers.convolve("Conv2d_2b_3x3", x);
  x = layers.pool("max", x, stride);
  x = layers.convolve("Conv2d_3b_1x1", x);
  x = layers.convolve("Conv2d_4a_3x3", x, valid);
  x = layers.pool("max", x, stride);
  for (const name of ["Mixed_5b", "Mixed_5c", "Mixed_5d"]) x = blockA(layers, name, x);
  x = reduced(layers, "Mixed_6a", x, [["branch3x3"], chain("branch3x3dbl_", 3)]);
  for (const name of ["Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"]) x = blockC(layers, name, x);
  x = reduced(layers, "Mixed_7a", x, [chain("branch3x3_", 2), chain("branch7x7x3_", 4)]);
  x = blockE(layers, "Mixed_7b", x, "mean");
  return blockE(layers, "Mixed_7c", x, "max");
}

const chain = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${prefix}${i + 1}`);

/** Convolutions in sequence; the last one's result is not yet rectified. */
function branch(
  layers: Layers,
  block: string,
  x: Images,
  names: string[],
  last: Steps = {},
): Images {
  for (const name of names.slice(0, -1)) x = layers.convolve(`${block}.${name}`, x);
  return layers.linear(`${block}.${names[names.length - 1]}`, x, last);
}

function blockA(layers: Layers, name: string, x: Images): Images {
  return layers.join([
    branch(layers, name, x, ["branch1x1"]),
    branch(layers, name, x, chain("branch5x5_", 2)),
    branch(layers, name, x, chain("branch3x3dbl_", 3)),
    branch(layers, name, layers.pool("mean", x), ["branch_pool"]),
  ]);
}

function blockC(layers: Layers, name: string, x: Images): Images {
  return layers.join([
    branch(layers, name, x, ["branch1x1"]),
    branch(layers, name, x, chain("branch7x7_", 3)),
    branch(layers, name, x, chain("branch7x7dbl_", 5)),
    branch(layers, name, layers.pool("mean", x), ["branch_pool"]),
  ]);
}

/** Half the size: the last convolution of each branch, and the pooling, take every other pixel. */
function reduced(layers: Layers, name: string, x: Images, branches: string[][]): Images {
  return layers.join([
    ...branches.map((names) => branch(layers, name, x, names, { stride: 2 })),
    layers.pool("max", x, { stride: 2 }),
  ]);
}

function blockE(layers: Layers, name: string, x: Images, kind: "max" | "mean"): Images {
  const narrow = layers.convolve(`${name}.branch3x3_1`, x);
  const deep = layers.convolve(
    `${name}.branch3x3dbl_2`,
    layers.convolve(`${name}.branch3x3dbl_1`, x),
  );
  const both = (from: Images, prefix: string) =>
    ["a", "b"].map((end) => layers.linear(`${name}.${prefix}${end}`, from));
  return layers.join([
    branch(layers, name, x, ["branch1x1"]),
    ...both(narrow, "branch3x3_2"),
    ...both(deep, "branch3x3dbl_3"),
    branch(layers, name, layers.pool(kind, x), ["branch_pool"]),
  ]);
}
