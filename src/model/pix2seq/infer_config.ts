/**
 * A network's sizes from the shapes of its variables.
 *
 * @module
 */
import type { Channels, RinConfig } from "../config.ts";
import { CheckpointError, type NamedArray } from "../safetensors.ts";

type Tensors = ReadonlyMap<string, NamedArray>;

/**
 * All sizes; of a network with fixed positions all but that of its images.
 *
 * @throws {CheckpointError} when a variable that tells of them is missing, or has other axes
 */
export function inferConfig(tensors: Tensors): Partial<RinConfig> {
  const [patchSize, , channels, interfaceDim] = shapeOf(tensors, "stem/kernel", 4);
  const [own, latentDim] = shapeOf(tensors, "latent_pos_emb/kernel/vis_pos_embedding", 2);
  const decoder = (unit: string) => `${unit}_unit_0/transformer_decoder_layer`;
  const [, numHeads] = shapeOf(
    tensors,
    "latent_processing_unit0/transformer_encoder/mha/query/kernel",
    3,
  );
  const [, readWriteHeads] = shapeOf(tensors, `${decoder("read")}/cross_mha/query/kernel`, 3);
  const [, latentHidden] = shapeOf(tensors, `${decoder("read")}/mlp/ffn/dense1/kernel`, 2);
  const [, tapeHidden] = shapeOf(tensors, `${decoder("write")}/mlp/ffn/dense1/kernel`, 2);
  const positions = "tape_pos_emb/kernel/vis_pos_embedding";
  const learned = tensors.has(`tape/${positions}`);
  const has = (stream: string) => tensors.has(`tape/${stream}_prev_ln/gamma`);
  if (!has("latent") && !has("tape")) {
    throw new CheckpointError(
      "it has neither a variable tape/latent_prev_ln/gamma nor tape/tape_prev_ln/gamma: networks " +
        "without self-conditioning are not here",
    );
  }
  const numClasses = tensors.has("tape/cond_proj/kernel")
    ? shapeOf(tensors, "cond_proj/kernel", 2)[0]
    : 0;
  const depths = depthsOf(tensors);
  return {
    ...learned &&
      { imageSize: patchSize * Math.sqrt(shapeOf(tensors, positions, 2)[0]) },
    positions: learned ? "learned" : "stretched",
    channels: channels as Channels,
    patchSize,
    latentDim,
    interfaceDim,
    numLatents: own + (numClasses > 0 ? 2 : 1),
    blockDepth: depths.every((depth) => depth === depths[0]) ? depths[0] : depths,
    numBlocks: depths.length,
    numHeads,
    readWriteHeads,
    latentMlpRatio: latentHidden / latentDim,
    interfaceMlpRatio: tapeHidden / interfaceDim,
    numClasses,
    selfConditioning: has("latent") ? has("tape") ? "both" : "latents" : "interface",
  };
}

/** Layers of each block: one more than the highest number that they have. */
function depthsOf(tensors: Tensors): number[] {
  const depths: number[] = [];
  for (const name of tensors.keys()) {
    const [, block, layer = "0"] =
      /^tape\/latent_processing_unit(\d{1,3})\/transformer_encoder(?:_(\d{1,3}))?\//.exec(name) ??
        [];
    if (block === undefined) continue;
    depths[Number(block)] = Math.max(depths[Number(block)] ?? 0, Number(layer) + 1);
  }
  const gap = Array.from(depths).findIndex((depth) => depth === undefined);
  if (gap >= 0) {
    throw new CheckpointError(`it lacks the variables tape/latent_processing_unit${gap}`);
  }
  return depths;
}

function shapeOf(tensors: Tensors, name: string, axes: number): readonly number[] {
  const shape = tensors.get(`tape/${name}`)?.shape;
  if (shape === undefined) throw new CheckpointError(`it lacks the variable tape/${name}`);
  if (shape.length !== axes) {
    throw new CheckpointError(
      `its variable tape/${name} has shape (${shape.join(", ")}): not ${axes} axes`,
    );
  }
  return shape;
}
