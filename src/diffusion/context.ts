/**
 * Frames that are given: a network with context frames sees the first N of each clip without noise,
 * and draws the rest.
 *
 * @module
 */
import type { Plan } from "../graph/plan.ts";
import { constant, temporary, type Tensor } from "../graph/tensor.ts";
import { type DrawnConfig, drawnSize, exampleSize, pixelsOf, planeSize } from "../model/example.ts";
import { expectFloats } from "./floats.ts";
import { inputFactor, type PredictionMeaning } from "./prediction.ts";

/** Numbers of the frames that are given, C N H W. */
export function contextSize(config: DrawnConfig): number {
  return exampleSize(config) - drawnSize(config);
}

/** Whether a row of clips (B, C, T, H W), a channel of a frame, is given. */
export function isGiven({ frames, contextFrames }: DrawnConfig, row: number): boolean {
  return row % frames < contextFrames;
}

/**
 * Records that the frames given are put in their place, as the network sees them where nothing is
 * noise.
 *
 * @param clips (B, C, T, H, W), of which the first N frames count
 * @param x the network's input (B, C, T, H, W), changed in place
 */
export function recordContext(
  plan: Plan<string>,
  config: DrawnConfig & PredictionMeaning,
  clips: Tensor,
  x: Tensor,
): void {
  const rows = config.channels * config.frames * x.shape[0];
  const clean = config.inputScale * inputFactor(config, 1);
  const shares = Array.from(
    { length: rows },
    (_, row) => isGiven(config, row) ? [0, clean] : [1, 0],
  );
  const turn = constant("context shares", [rows, 2], new Float32Array(shares.flat()));
  plan.record("slerp", { batch: rows, each: x.size / rows }, { other: clips, turn, y: x });
}

/** The frames of x (B, C, T, H, W) that are drawn: (B, C, T - N, H, W). */
export function drawnFrames(plan: Plan<string>, config: DrawnConfig, x: Tensor): Tensor {
  const { frames, contextFrames } = config;
  if (contextFrames === 0) return x;
  const [batch, channels, , ...sides] = x.shape;
  const pixels = pixelsOf(config);
  const y = temporary(batch, channels, frames - contextFrames, ...sides);
  const inner = (frames - contextFrames) * pixels;
  const part = { stride: frames * pixels, start: contextFrames * pixels };
  plan.record("sumMiddle", { outer: channels * batch, middle: 1, inner, ...part }, { x, y });
  return y;
}

/**
 * Puts the frames given into clips.
 *
 * @param context (C, N, H, W) for all clips, or (count, C, N, H, W)
 * @param clips (count, C, T, H, W), those of `from` on, changed in place
 */
export function placeContext(
  config: DrawnConfig,
  context: Float32Array,
  clips: Float32Array,
  from: number,
): void {
  const { channels } = config;
  const given = contextSize(config) / channels;
  const plane = planeSize(config);
  for (let i = 0; i * plane < clips.length; i++) {
    const at = (channels * from + i) * given % context.length;
    clips.set(context.subarray(at, at + given), i * plane);
  }
}

/** The first N frames of clips (count, C, T, H, W): (count, C, N, H, W). */
export function contextOf(
  config: DrawnConfig,
  clips: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  const pixels = pixelsOf(config);
  return clips.filter((_, i) => isGiven(config, Math.floor(i / pixels)));
}

/** "first frame", or "first 4 frames". */
export function firstFrames(count: number): string {
  return count === 1 ? "first frame" : `first ${count} frames`;
}

/** @throws {RangeError} when the frames that the network needs are not given, or those it doesn't */
export function expectContext(
  config: DrawnConfig,
  context: Float32Array | undefined,
  count: number,
): void {
  const { contextFrames } = config;
  if (contextFrames === 0 && context) {
    throw new RangeError("context is given, but this network draws all frames: leave it out");
  }
  if (contextFrames > 0 && !context) {
    throw new RangeError(
      `context is missing: this network continues clips, so give their ${
        firstFrames(contextFrames)
      }`,
    );
  }
  const each = contextSize(config);
  const all = count * each;
  if (context) expectFloats("context", context, context.length === all ? all : each);
}

/** The rows of an example that the loss weights apart: channels of frames, or all as one. */
export function weightedRows({ channels, frames, contextFrames }: DrawnConfig): number {
  return contextFrames > 0 ? channels * frames : 1;
}

/** The weights of the rows of some examples: an example's own, or 0 where a frame is given. */
export function rowWeights(
  config: DrawnConfig,
  weights: ArrayLike<number>,
): Float32Array<ArrayBuffer> {
  const rows = weightedRows(config);
  return Float32Array.from(
    { length: rows * weights.length },
    (_, row) => isGiven(config, row) ? 0 : weights[Math.floor(row / rows)],
  );
}
