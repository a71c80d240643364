/**
 * The shape of a network's example, an image or a clip, and of its patches.
 *
 * @module
 */
import type { RinConfig } from "./config.ts";
import { sidesOf } from "./image_size.ts";

/** Config fields that fix the shape of an image, or of a frame. */
export type PictureConfig = Pick<RinConfig, "imageSize" | "channels">;

/** Config fields that fix the shape of an example. */
export type ExampleConfig = PictureConfig & Pick<RinConfig, "frames">;

/** Config fields that say which part of an example is drawn. */
export type DrawnConfig = ExampleConfig & Pick<RinConfig, "contextFrames">;

/** The shape of an example: (C, H, W) of an image, (C, T, H, W) of a clip. */
export function exampleShape(config: ExampleConfig): readonly number[] {
  return [config.channels, ...exampleAxes(config)];
}

/** Numbers of an example, C T H W. */
export function exampleSize(config: ExampleConfig): number {
  return config.channels * planeSize(config);
}

/** Numbers of one of its channels, T H W. */
export function planeSize({ imageSize, frames }: Omit<ExampleConfig, "channels">): number {
  return frames * pixelsOf({ imageSize });
}

/** Numbers of an image, or of a frame, C H W. */
export function pictureSize({ imageSize, channels }: PictureConfig): number {
  return channels * pixelsOf({ imageSize });
}

/** Pixels of an image, or of a frame, H W. */
export function pixelsOf({ imageSize }: Pick<PictureConfig, "imageSize">): number {
  const { width, height } = sidesOf(imageSize);
  return height * width;
}

/** Numbers of the frames that are drawn, C (T - N) H W. */
export function drawnSize(config: DrawnConfig): number {
  return (config.frames - config.contextFrames) * pictureSize(config);
}

/** Sides of a patch along the axes after the channels: (P, P) or (Pt, P, P). */
export function patchAxes({ frames, patchFrames, patchSize }: RinConfig): readonly number[] {
  return frames === 1 ? [patchSize, patchSize] : [patchFrames, patchSize, patchSize];
}

/** Numbers of a patch, C Pt P^2. */
export function patchFeatures({ channels, patchFrames, patchSize }: RinConfig): number {
  return channels * patchFrames * patchSize ** 2;
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
  const { width, height } = sidesOf(imageSize);
  return frames === 1 ? [height, width] : [frames, height, width];
}
