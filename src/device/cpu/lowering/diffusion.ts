/**
 * Noising, the loss, and a sampler's operations on images.
 *
 * @module
 */
import {
  ADD_NOISE,
  GUIDE,
  OFFSET_NOISE,
  PLACE_IMAGE,
  SAMPLER_STEP,
  SLERP,
  SQUARED_ERROR,
  THRESHOLDS,
} from "../../../../kernels/wasm/assembly/codes.ts";
import { CHUNK, THRESHOLDS_SCRATCH } from "../../../../kernels/wasm/assembly/sizes.ts";
import { PARTIALS } from "../../../graph/ops.ts";
import { float, type Lowering } from "../tape_entry.ts";
import { chunksOf } from "./tiles.ts";

/** Images noised, and the target of a prediction. */
export const addNoise: Lowering<"addNoise"> = (
  { batch, each },
  { x0, noise, coefficients, xt, target },
) => {
  const size = batch * each;
  const fields = { x0, noise, coefficients, xt, target, size, each };
  return [{ code: ADD_NOISE, tiles: chunksOf(size), fields }];
};

/** A number added to each channel. */
export const offsetNoise: Lowering<"offsetNoise"> = (
  { batch, channels, plane },
  { offsets, y },
) => {
  const size = batch * channels * plane;
  return [{ code: OFFSET_NOISE, tiles: chunksOf(size), fields: { offsets, y, size, plane } }];
};

/** The loss and its gradient; a tile leaves one of the partial sums. */
export const squaredError: Lowering<"squaredError"> = (
  { batch, each, whole },
  { prediction, target, lossWeight, gradient, partial },
) => {
  const size = batch * each;
  const perTile = Math.max(CHUNK, Math.ceil(size / PARTIALS));
  const scale = float(2 / (whole * each));
  const fields = { prediction, target, lossWeight, gradient, partial, perTile, size, each, scale };
  return [{ code: SQUARED_ERROR, tiles: Math.ceil(size / perTile), fields }];
};

/** Classifier-free guidance. */
export const guide: Lowering<"guide"> = ({ size }, { guided, free, scale, y }) => [
  { code: GUIDE, tiles: chunksOf(size), fields: { guided, free, scale, y, size } },
];

/** A step of a sampler. */
export const samplerStep: Lowering<"samplerStep"> = (
  { batch, each },
  { x, prediction, fresh, denoised, thresholds, scalars },
) => {
  const size = batch * each;
  const fields = { x, prediction, fresh, denoised, thresholds, scalars, size, each };
  return [{ code: SAMPLER_STEP, tiles: chunksOf(size), fields }];
};

/** Dynamic thresholds, an image a tile. */
export const thresholds: Lowering<"thresholds"> = (
  { batch, each },
  { x, prediction, scalars, thresholds },
) => {
  const fields = { x, prediction, scalars, thresholds, each };
  return [{ code: THRESHOLDS, tiles: batch, fields, scratch: THRESHOLDS_SCRATCH }];
};

/** Noise between two. */
export const slerp: Lowering<"slerp"> = ({ batch, each }, { other, turn, y }) => {
  const size = batch * each;
  return [{ code: SLERP, tiles: chunksOf(size), fields: { other, turn, y, size, each } }];
};

/** A noised picture put in its place. */
export const placeImage: Lowering<"placeImage"> = (
  { batch, channels, plane },
  { image, noise, keepMask, level, x },
) => {
  const each = channels * plane;
  const size = batch * each;
  const fields = { image, noise, keepMask, level, x, size, each, plane };
  return [{ code: PLACE_IMAGE, tiles: chunksOf(size), fields }];
};
