/**
 * The variables of google-research/pix2seq's `ImageTapeDenoiser` (`architectures/tape.py`), and which
 * parameters they are here: names as Keras 2 joins the layers' own, shapes as Keras has them.
 *
 * @module
 */
import { blockDepths, ConfigError, type RinConfig } from "../config.ts";
import { parameterLayout, type PlacedParameter } from "../parameters.ts";

/** A variable, and the place of its numbers in a slab of parameters. */
export interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  /** First number of the slab. */
  readonly offset: number;
  /** The axes of the numbers in their order in memory. */
  readonly axes: readonly number[];
  /** The axis of `axes` that each axis of the variable is, those that its shape takes together apart. */
  readonly order: readonly number[];
}

/**
 * All variables of a network.
 *
 * @throws {ConfigError} when the network is not one that pix2seq has
 */
export function variablesOf(config: RinConfig): Variable[] {
  expectPix2seq(config);
  const { interfaceDim: dx, channels, patchSize: p, numHeads, readWriteHeads } = config;
  const places = new Map(parameterLayout(config).parameters.map((spec) => [spec.name, spec]));
  const variables: Variable[] = [];
  /** A variable of an own shape, or with the axes of the parameter. */
  const put = (
    name: string,
    { offset }: { readonly offset: number },
    axes: readonly number[],
    order: readonly number[] = axes.map((_, i) => i),
    shape: readonly number[] = order.map((axis) => axes[axis]),
  ) => variables.push({ name: `tape/${name}`, offset, axes, order, shape });
  const place = (name: string): PlacedParameter => places.get(name)!;
  const plain = (name: string, parameter: string) =>
    put(name, place(parameter), place(parameter).shape);
  const norm = (name: string, parameter: string) => {
    plain(`${name}/gamma`, `${parameter}.weight`);
    plain(`${name}/beta`, `${parameter}.bias`);
  };
  const dense = (name: string, parameter: string) => {
    const weight = place(`${parameter}.weight`);
    put(`${name}/kernel`, weight, weight.shape, [1, 0]);
    plain(`${name}/bias`, `${parameter}.bias`);
  };
  const mlp = (name: string, parameter: string) => {
    norm(`${name}/ffn/ln`, `${parameter}.0`);
    dense(`${name}/ffn/dense1`, `${parameter}.1`);
    dense(`${name}/ffn/dense2`, `${parameter}.3`);
  };
  const attention = (name: string, parameter: string, heads: number) => {
    const bias = place(`${parameter}.in_proj_bias`);
    ["query", "key", "value"].forEach((part, i) => {
      const weight = place(`${parameter}.${part[0]}_proj_weight`);
      const [width, inputs] = weight.shape;
      const each = [heads, width / heads];
      put(`${name}/${part}/kernel`, weight, [...each, inputs], [2, 0, 1]);
      put(`${name}/${part}/bias`, { offset: bias.offset + i * width }, each);
    });
    const out = place(`${parameter}.out_proj.weight`);
    const [outputs, width] = out.shape;
    put(`${name}/attention_output/kernel`, out, [outputs, heads, width / heads], [1, 2, 0]);
    plain(`${name}/attention_output/bias`, `${parameter}.out_proj.bias`);
  };
  const decoder = (name: string, block: number, kind: "read" | "write") => {
    const [layer, parameter] = [`${name}/transformer_decoder_layer`, `blocks.${block}.${kind}`];
    norm(`${layer}/cross_mha/ln`, `${parameter}_norm`);
    attention(`${layer}/cross_mha`, `${parameter}_attention`, readWriteHeads);
    mlp(`${layer}/mlp`, `${parameter}_mlp`);
  };
  const table = (name: string, parameter: string) =>
    put(name, place(parameter), place(parameter).shape.slice(1));

  put("stem/kernel", place("tokenizer.linear.weight"), [dx, channels, p, p], [2, 3, 1, 0]);
  plain("stem/bias", "tokenizer.linear.bias");
  norm("stem_ln", "tokenizer.layer_norm");
  if (config.positions === "learned") {
    table("tape_pos_emb/kernel/vis_pos_embedding", "tokenizer.pos_embed");
  }
  table("latent_pos_emb/kernel/vis_pos_embedding", "latent_initializer.Z_init");
  for (const [stream, parameter] of [["latent", "latent"], ["tape", "interface"]]) {
    if (!places.has(`${parameter}_initializer.layer_norm.weight`)) continue;
    mlp(`${stream}_prev_proj`, `${parameter}_initializer.mlp`);
    norm(`${stream}_prev_ln`, `${parameter}_initializer.layer_norm`);
  }
  dense("time_emb/dense0", "time_conditioner.time_mlp.0");
  dense("time_emb/dense1", "time_conditioner.time_mlp.2");
  if (config.numClasses > 0) {
    plain("cond_proj/kernel", "class_conditioner.class_embed");
    plain("cond_proj/bias", "class_conditioner.bias");
  }
  blockDepths(config).forEach((depth, i) => {
    decoder(`read_unit_${i}`, i, "read");
    for (let j = 0; j < depth; j++) {
      const layer = `latent_processing_unit${i}/transformer_encoder${suffix(j)}`;
      norm(`${layer}/mha/ln`, `blocks.${i}.compute_norm.${j}`);
      attention(`${layer}/mha`, `blocks.${i}.compute_attention.${j}`, numHeads);
      mlp(`${layer}/mlp`, `blocks.${i}.compute_mlp.${j}`);
    }
    decoder(`write_unit_${i}`, i, "write");
  });
  norm("output_ln", "layer_norm");
  // Pixels of a patch in the order (row, column, channel), which is (channel, row, column) here.
  const pixels = [channels, p, p];
  const each = channels * p * p;
  put("output_linear/kernel", place("readout.weight"), [...pixels, dx], [3, 1, 2, 0], [dx, each]);
  put("output_linear/bias", place("readout.bias"), pixels, [1, 2, 0], [each]);
  return variables;
}

const suffix = (index: number) => index === 0 ? "" : `_${index}`;

/** @throws {ConfigError} when pix2seq has no such network */
function expectPix2seq(config: RinConfig): void {
  const { layers, timeConditioning, timeInput, positions, frames, latentDim } = config;
  const wanted = { layers: "paper", timeConditioning: "token", timeInput: "gamma" };
  const given: Record<string, unknown> = { layers, timeConditioning, timeInput };
  for (const [key, value] of Object.entries(wanted)) {
    if (given[key] !== value) {
      throw new ConfigError(
        `pix2seq has no such network: its ${key} is ${value}, not ${given[key]}`,
      );
    }
  }
  if (positions === "sincos" || frames > 1 || latentDim % 8 !== 0) {
    throw new ConfigError(
      "pix2seq has no such network: it is of images, with positions learned or stretched and a " +
        `latentDim that 8 divides, not frames ${frames}, positions ${positions} and ` +
        `latentDim ${latentDim}`,
    );
  }
}

/**
 * Walks through a variable's numbers in order.
 *
 * @param visit called with the number's place in the slab and in the variable
 */
export function walk(
  { offset, axes, order }: Variable,
  visit: (inSlab: number, inVariable: number) => void,
): void {
  const strides = axes.map((_, axis) => axes.slice(axis + 1).reduce((a, b) => a * b, 1));
  const lengths = order.map((axis) => axes[axis]);
  const steps = order.map((axis) => strides[axis]);
  let at = 0;
  const inner = (depth: number, from: number) => {
    if (depth === lengths.length) return visit(from, at++);
    for (let i = 0; i < lengths[depth]; i++) inner(depth + 1, from + i * steps[depth]);
  };
  inner(0, offset);
}
