/**
 * How the CPU does every operation.
 *
 * @module
 */
import type { OpName } from "../../../graph/ops.ts";
import type { Lowering } from "../tape_entry.ts";
import { attention, attentionGradient } from "./attention.ts";
import { pool, rectify, unfold } from "./convolution.ts";
import {
  addNoise,
  guide,
  offsetNoise,
  placeImage,
  samplerStep,
  slerp,
  squaredError,
  thresholds,
} from "./diffusion.ts";
import { dropout, stochasticDepth } from "./dropout.ts";
import { add, copy, maskRows } from "./elementwise.ts";
import { lamb } from "./lamb.ts";
import { layerNorm, layerNormAffineGradient, layerNormInputGradient } from "./layer_norm.ts";
import { matmul } from "./matmul.ts";
import { adamW, judgeStep } from "./optimizer.ts";
import { normals } from "./random.ts";
import { moments, sumMiddle } from "./reduce.ts";
import {
  addRows,
  beginLatents,
  depatchify,
  gatherRows,
  gatherRowsGradient,
  joinLatents,
  patchify,
} from "./tokens.ts";

/** The lowering of each operation. */
export const lowerings = {
  matmul,
  attention,
  attentionGradient,
  layerNorm,
  layerNormInputGradient,
  layerNormAffineGradient,
  patchify,
  depatchify,
  addRows,
  beginLatents,
  joinLatents,
  gatherRows,
  gatherRowsGradient,
  maskRows,
  copy,
  add,
  sumMiddle,
  dropout,
  stochasticDepth,
  normals,
  addNoise,
  offsetNoise,
  squaredError,
  guide,
  samplerStep,
  thresholds,
  slerp,
  placeImage,
  moments,
  judgeStep,
  adamW,
  lamb,
  unfold,
  pool,
  rectify,
} satisfies { [N in OpName]: Lowering<N> };
