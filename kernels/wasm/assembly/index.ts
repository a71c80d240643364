/** The loop that every thread runs: it walks a tape, takes tiles, and meets the others after each entry. */
import { Attention, attention } from "./attention.ts";
import { AttentionGradient, attentionGradient } from "./attention_gradient.ts";
import { wait } from "./barrier.ts";
import {
  ADAM_W,
  ADD,
  ADD_NOISE,
  ADD_ROWS,
  ATTENTION,
  ATTENTION_GRADIENT,
  BEGIN_LATENTS,
  COPY,
  DROPOUT,
  ENTRY_BYTES,
  GATHER_ROWS,
  GATHER_ROWS_GRADIENT,
  GUIDE,
  JOIN_LATENTS,
  JUDGE_STEP,
  LAMB_STEP,
  LAMB_UPDATE,
  LAYER_NORM,
  LAYER_NORM_AFFINE_GRADIENT,
  LAYER_NORM_INPUT_GRADIENT,
  MASK_ROWS,
  MATMUL,
  MOMENTS,
  NORMALS,
  OFFSET_NOISE,
  PARTIAL_MOMENTS,
  PATCHIFY,
  PLACE_IMAGE,
  POOL,
  RECTIFY,
  SAMPLER_STEP,
  SLERP,
  SQUARED_ERROR,
  STOCHASTIC_DEPTH,
  SUM_MIDDLE,
  THRESHOLDS,
  TRUST_RATIO,
  UNFOLD,
} from "./codes.ts";
import { pool, Rectify, rectify, Sliding, unfold } from "./convolution.ts";
import {
  AddNoise,
  addNoise,
  Guide,
  guide,
  OffsetNoise,
  offsetNoise,
  PlaceImage,
  placeImage,
  SamplerStep,
  samplerStep,
  Slerp,
  slerp,
  SquaredError,
  squaredError,
  Thresholds,
  thresholds,
} from "./diffusion.ts";
import { Dropout, dropout, StochasticDepth, stochasticDepth } from "./dropout.ts";
import { Add, add, Copy, copy, MaskRows, maskRows } from "./elementwise.ts";
import { LambStep, lambStep, LambUpdate, lambUpdate, TrustRatio, trustRatio } from "./lamb.ts";
import {
  LayerNorm,
  layerNorm,
  LayerNormAffineGradient,
  layerNormAffineGradient,
  LayerNormInputGradient,
  layerNormInputGradient,
} from "./layer_norm.ts";
import { Matmul, matmul } from "./matmul.ts";
import { AdamW, adamW, JudgeStep, judgeStep } from "./optimizer.ts";
import { Normals, normals } from "./random.ts";
import {
  Moments,
  moments,
  PartialMoments,
  partialMoments,
  SumMiddle,
  sumMiddle,
} from "./reduce.ts";
import { heapBase, multiplyAdd } from "./host.ts";
import { Entry } from "./tape.ts";
import {
  AddRows,
  addRows,
  BeginLatents,
  beginLatents,
  GatherRows,
  gatherRows,
  GatherRowsGradient,
  gatherRowsGradient,
  JoinLatents,
  joinLatents,
  Patchify,
  patchify,
} from "./tokens.ts";

export { heapBase, multiplyAdd };

/**
 * Runs the entries `from` to `count` of a tape whose phase is one of `phases`.
 *
 * @param tape address of the entries
 * @param phases bits of the phases to run; others are skipped
 * @param threads how many threads call this with the same tape, each once
 * @param barrier address of two i32, both 0 at first, shared by these threads
 * @param scratch address of this thread's scratch memory
 * @param budget nanoseconds (by the entries' own estimates) after which to return early; only with
 * one thread. 0: run to the end
 * @returns the entry to continue from: `count` when all are done
 */
export function run(
  tape: usize,
  from: i32,
  count: i32,
  phases: i32,
  threads: i32,
  barrier: usize,
  scratch: usize,
  budget: i32,
): i32 {
  let spent = 0;
  for (let index = from; index < count; index++) {
    const entry = changetype<Entry>(tape + <usize> index * ENTRY_BYTES);
    if ((entry.phase & phases) == 0) continue;
    const counter = changetype<usize>(entry) + offsetof<Entry>("counter");
    for (;;) {
      const tile = take(counter, threads);
      if (tile >= entry.tiles) break;
      dispatch(entry, tile, scratch);
      spent += entry.cost;
      if (budget != 0 && spent >= budget) return index;
    }
    if (threads == 1) entry.counter = 0;
    else wait(barrier, threads, entry);
  }
  return count;
}

function take(counter: usize, threads: i32): i32 {
  if (threads > 1) return atomic.add<i32>(counter, 1);
  const tile = load<i32>(counter);
  store<i32>(counter, tile + 1);
  return tile;
}

function dispatch(entry: Entry, tile: i32, scratch: usize): void {
  switch (entry.code) {
    case COPY:
      return copy(changetype<Copy>(entry), tile);
    case ADD:
      return add(changetype<Add>(entry), tile);
    case SUM_MIDDLE:
      return sumMiddle(changetype<SumMiddle>(entry), tile);
    case LAYER_NORM:
      return layerNorm(changetype<LayerNorm>(entry), tile);
    case LAYER_NORM_INPUT_GRADIENT:
      return layerNormInputGradient(changetype<LayerNormInputGradient>(entry), tile);
    case LAYER_NORM_AFFINE_GRADIENT:
      return layerNormAffineGradient(changetype<LayerNormAffineGradient>(entry), tile);
    case PATCHIFY:
      return patchify(changetype<Patchify>(entry), tile);
    case ADD_ROWS:
      return addRows(changetype<AddRows>(entry), tile);
    case BEGIN_LATENTS:
      return beginLatents(changetype<BeginLatents>(entry), tile);
    case JOIN_LATENTS:
      return joinLatents(changetype<JoinLatents>(entry), tile);
    case GATHER_ROWS:
      return gatherRows(changetype<GatherRows>(entry), tile);
    case GATHER_ROWS_GRADIENT:
      return gatherRowsGradient(changetype<GatherRowsGradient>(entry), tile);
    case MASK_ROWS:
      return maskRows(changetype<MaskRows>(entry), tile);
    case DROPOUT:
      return dropout(changetype<Dropout>(entry), tile);
    case STOCHASTIC_DEPTH:
      return stochasticDepth(changetype<StochasticDepth>(entry), tile);
    case NORMALS:
      return normals(changetype<Normals>(entry), tile, scratch);
    case ADD_NOISE:
      return addNoise(changetype<AddNoise>(entry), tile);
    case OFFSET_NOISE:
      return offsetNoise(changetype<OffsetNoise>(entry), tile);
    case SQUARED_ERROR:
      return squaredError(changetype<SquaredError>(entry), tile);
    case GUIDE:
      return guide(changetype<Guide>(entry), tile);
    case SAMPLER_STEP:
      return samplerStep(changetype<SamplerStep>(entry), tile);
    case THRESHOLDS:
      return thresholds(changetype<Thresholds>(entry), tile, scratch);
    case SLERP:
      return slerp(changetype<Slerp>(entry), tile);
    case PLACE_IMAGE:
      return placeImage(changetype<PlaceImage>(entry), tile);
    case PARTIAL_MOMENTS:
      return partialMoments(changetype<PartialMoments>(entry), tile);
    case MOMENTS:
      return moments(changetype<Moments>(entry));
    case JUDGE_STEP:
      return judgeStep(changetype<JudgeStep>(entry));
    case ADAM_W:
      return adamW(changetype<AdamW>(entry), tile);
    case LAMB_STEP:
      return lambStep(changetype<LambStep>(entry), tile);
    case TRUST_RATIO:
      return trustRatio(changetype<TrustRatio>(entry));
    case LAMB_UPDATE:
      return lambUpdate(changetype<LambUpdate>(entry), tile);
    case UNFOLD:
      return unfold(changetype<Sliding>(entry), tile);
    case POOL:
      return pool(changetype<Sliding>(entry), tile);
    case RECTIFY:
      return rectify(changetype<Rectify>(entry), tile);
    case MATMUL:
      return matmul(changetype<Matmul>(entry), tile, scratch);
    case ATTENTION:
      return attention(changetype<Attention>(entry), tile, scratch);
    case ATTENTION_GRADIENT:
      return attentionGradient(changetype<AttentionGradient>(entry), tile, scratch);
    default:
      unreachable();
  }
}
