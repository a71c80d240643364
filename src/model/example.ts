/**
 * The shape of a network's example, an image or a clip, and of its patches.
 *
 * @module
 */
import type { RinConfig } from "./config.ts";

/** Config fields that fix the shape of an example. */
export type ExampleConfig = Pick<RinConfig, "imageSize" | "frames">;

/** Config fields that say which part of an example is drawn. */
export type DrawnConfig = ExampleConfig & Pick<RinConfig, "contextFrames">;

/** The shape of an example: (3, S, S) of an image, (3, T, S, S) of a clip. */
export function exampleShape(config: ExampleConfig): readonly number[] {
  return [3, ...exampleAxes(config)];
}

/** Numbers of an example, 3 T S^2. */
export function exampleSize(config: ExampleConfig): number {
  return 3 * planeSize(config);
}

/** Numbers of one of its channels, T S^2. */
export function planeSize({ imageSize, frames }: ExampleConfig): number {
  return frames * imageSize ** 2;
}

/** Numbers of the frames that are drawn, 3 (T - N) S^2. */
export function drawnSize({ imageSize, frames, contextFrames }: DrawnConfig): number {
  return exampleSize({ imageSize, frames: frames - contextFrames });
}

/** Sides of a patch along the axes after the channels: (P, P) or (Pt, P, P). */
export function patchAxes({ frames, patchFrames, patchSize }: RinConfig): readonly number[] {
  return frames === 1 ? [patchSize, patchSize] : [patchFrames, patchSize, patchSize];
}

/** Numbers of a patch, 3 Pt P^2. */
export function patchFeatures({ patchFrames, patchSize }: RinConfig): number {
  return 3 * patchFrames * patchSize ** 2;
}

/** Tokens of the interface along the axes: (rows, columns) or (times, rows, columns). */
export function tokenGrid(config: RinConfig): readonly number[] {
  const patch = patchAxes(config);
  return exampleAxes(config).map((length, axis) => length / patch[axis]);
}

/** Number N of interface tokens. */
export function interfaceTokens(config: RinConfig): number {
  return tokenGrid(config).reduce((a, b) => a * b, 1);
}

function exampleAxes({ imageSize, frames }: ExampleConfig): readonly number[] {
  return frames === 1 ? [imageSize, imageSize] : [frames, imageSize, imageSize];
}
