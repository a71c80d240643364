/**
 * A network's sizes, as far as the shapes of its tensors tell.
 *
 * @module
 */
import type { RinConfig } from "../config.ts";
import { CheckpointError } from "../safetensors.ts";
import type { Tensors } from "./networks.ts";

/**
 * All sizes but the number of heads. Images are square, of three channels, unless they are given.
 *
 * @throws {CheckpointError} when the shapes fit no network
 */
export function inferConfig(
  tensors: Tensors,
  { channels = 3, imageSize }: Partial<RinConfig> = {},
): Partial<RinConfig> {
  const [, tokens, interfaceDim] = shapeOf(tensors, "tokenizer.pos_embed", 3);
  const [, features] = shapeOf(tensors, "tokenizer.linear.weight", 2);
  const [, numLatents, latentDim] = shapeOf(tensors, "latent_initializer.Z_init", 3);
  const patchSize = Math.sqrt(features / channels);
  const side = Math.sqrt(tokens);
  if (!Number.isInteger(patchSize) || imageSize === undefined && !Number.isInteger(side)) {
    const kind = channels === 3 ? "RGB image" : `image of ${channels} channels`;
    throw new CheckpointError(
      `its ${tokens} patches of ${features} numbers are not those of a square ${kind} in square ` +
        "patches: for another, give its imageSize and channels in a config",
    );
  }
  const blockDepth = countOf(tensors, /^blocks\.0\.compute_norm\.(\d+)\./);
  if (blockDepth === 0) {
    throw new CheckpointError("it lacks the tensor blocks.0.compute_norm.0.weight");
  }
  return {
    imageSize: imageSize ?? side * patchSize,
    channels,
    patchSize,
    latentDim,
    interfaceDim,
    numLatents,
    numBlocks: countOf(tensors, /^blocks\.(\d+)\./),
    blockDepth,
  };
}

function shapeOf(tensors: Tensors, name: string, axes: number): readonly number[] {
  const shape = tensors.get(name)?.shape;
  if (shape === undefined) throw new CheckpointError(`it lacks the tensor ${name}`);
  if (shape.length !== axes) {
    throw new CheckpointError(
      `its tensor ${name} has shape (${shape.join(", ")}): not ${axes} axes`,
    );
  }
  return shape;
}

/** One more than the highest number that stands at the pattern's place in a name. */
function countOf(tensors: Tensors, pattern: RegExp): number {
  const numbers = [...tensors.keys()].map((name) => Number(name.match(pattern)?.[1] ?? -1));
  return numbers.reduce((highest, number) => Math.max(highest, number), -1) + 1;
}
