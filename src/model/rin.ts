/**
 * The Recurrent Interface Network (Jabri, Fleet & Chen 2023, arXiv 2212.11972, section 3).
 *
 * Shapes: images (B, C, H, W) or clips (B, C, T, H, W); interface X (B, N, Dx) with N = (T/Pt) (S/P)^2;
 * latents Z (B, M, Dz).
 *
 * @module
 */
import type { Plan } from "../graph/plan.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { layerNorm } from "../nn/layer_norm.ts";
import type { Dropout } from "../nn/dropout.ts";
import { linear, mlp } from "../nn/linear.ts";
import {
  addRows,
  beginLatents,
  depatchify,
  gatherRows,
  joinLatents,
  maskRows,
  patchify,
  type SelfConditioning,
} from "../nn/tokens.ts";
import { multiHeadAttention } from "./multi_head_attention.ts";
import { blockDepths, type RinConfig } from "./config.ts";
import { exampleShape, interfaceTokens, patchAxes, tokenGrid } from "./example.ts";
import { sinCosPositions } from "./positions.ts";
import type { Weights } from "./weights.ts";

/** The state from an earlier pass; `selfConditioning` of the config says which of it counts. */
export interface SelfConditioningInputs {
  /** Latents (B, M, Dz). */
  readonly latents: Tensor;
  /** Interface (B, N, Dx), for networks that hand it on. */
  readonly interface?: Tensor;
  /** (B): 1 for the examples that begin from them, 0 for those that begin without. */
  readonly mask: Tensor;
}

/** Whether a pass of the network passes on its interface. */
export function selfConditionsInterface({ selfConditioning }: RinConfig): boolean {
  return selfConditioning !== "latents";
}

/** Inputs of a pass. */
export interface RinInputs {
  /** Noisy images (B, C, H, W) or clips (B, C, T, H, W). */
  readonly xt: Tensor;
  /** Times (B, timeWidth), from `timeRows`. */
  readonly t: Tensor;
  /** Classes (B), u32, `numClasses` for none; for class-conditional networks. */
  readonly labels?: Tensor;
  /** From {@linkcode embedImages} of xt, where passes share it. */
  readonly tokens?: Tensor;
  /** From {@linkcode embedTime} of t and labels, where passes share it. */
  readonly conditioning?: Conditioning;
  readonly previous?: SelfConditioningInputs;
  /** For training: dropout of units and branches of the compute layers, as in the paper's code. */
  readonly drop?: Dropout;
  /** For training: whether the backward pass computes each block's activations again. */
  readonly checkpointBlocks?: boolean;
}

/** Results of a pass. */
export interface RinOutputs {
  /** The network's prediction, shaped as xt. */
  readonly output: Tensor;
  /** Latents Z after the last block (B, M, Dz). */
  readonly latents: Tensor;
  /** Interface X after the last block (B, N, Dx). */
  readonly interface: Tensor;
}

/** Records a whole pass. */
export function rin(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  inputs: RinInputs,
): RinOutputs {
  const [z, x] = blocks(plan, config, weights, inputs);
  const written = write(plan, config, weights, config.numBlocks - 1, z, x);
  const normed = norm(plan, config, weights, "layer_norm", written);
  const patches = linear(plan, normed, weights.linear("readout"));
  const output = depatchify(plan, patches, exampleShape(config), patchAxes(config));
  return { output, latents: z, interface: written };
}

/** Records a pass for its state only, without a readout. */
export function rinState(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  inputs: RinInputs,
): Omit<SelfConditioningInputs, "mask"> {
  const [z, x] = blocks(plan, config, weights, inputs);
  // Latents alone don't need the last write.
  if (!selfConditionsInterface(config)) return { latents: z };
  return { latents: z, interface: write(plan, config, weights, config.numBlocks - 1, z, x) };
}

/** All but the last write. */
function blocks(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  inputs: RinInputs,
): [z: Tensor, x: Tensor] {
  const { drop, checkpointBlocks = false } = inputs;
  /** Records a layer or several, anew in the backward pass where that is wanted. */
  const record = (build: () => Tensor): Tensor => {
    if (!checkpointBlocks) return build();
    const position = drop?.position;
    return plan.recomputed(() => {
      if (drop && position !== undefined) drop.position = position;
      return build();
    });
  };
  let x = tokenize(plan, config, weights, inputs);
  let z = begin(plan, config, weights, inputs);
  blockDepths(config).forEach((depth, i) => {
    const [tokens, latents] = [x, z];
    if (i > 0) x = record(() => write(plan, config, weights, i - 1, latents, tokens));
    const written = x;
    z = record(() => readAndCompute(plan, config, weights, { i, depth }, latents, written, drop));
  });
  return [z, x];
}

/** Z of block i, having attended to X and then to itself. */
function readAndCompute(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  { i, depth }: { i: number; depth: number },
  latents: Tensor,
  x: Tensor,
  drop?: Dropout,
): Tensor {
  let z = layer(plan, config, weights, layerNames(i, "read"), latents, x);
  for (let j = 0; j < depth; j++) {
    const names = layerNames(i, "compute", `.${j}`);
    z = layer(plan, config, weights, names, z, undefined, drop);
  }
  return z;
}

/**
 * LN(Linear(patches)), plus positions where X doesn't begin from an earlier pass: the part of X that
 * passes from the same images share.
 */
export function embedImages(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  xt: Tensor,
): Tensor {
  const patches = patchify(plan, xt, patchAxes(config));
  const tokens = linear(plan, patches, weights.linear("tokenizer.linear"));
  const normed = norm(plan, config, weights, "tokenizer.layer_norm", tokens);
  if (selfConditionsInterface(config)) return normed;
  return addRows(plan, normed, positions(config, weights));
}

/** X: the images' part, and an earlier pass's, see {@linkcode warmStart}. */
function tokenize(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  { xt, tokens = embedImages(plan, config, weights, xt), previous }: RinInputs,
): Tensor {
  if (!selfConditionsInterface(config)) return tokens;
  const before = { stream: previous?.interface, mask: previous?.mask, shape: tokens.shape };
  const conditioning = warmStart(plan, config, weights, "interface_initializer", before);
  return addRows(plan, tokens, positions(config, weights), conditioning);
}

/** (1, N, Dx). */
function positions(config: RinConfig, weights: Weights): Tensor {
  if (config.positions === "learned") return weights.get("tokenizer.pos_embed");
  const stretched = config.positions === "stretched";
  const table = sinCosPositions(tokenGrid(config), config.interfaceDim, stretched);
  return constant("positions", [1, interfaceTokens(config), config.interfaceDim], table);
}

/** Time and class as the latents begin with them. */
export interface Conditioning {
  /** (B, Dz); with the class, unless that is a token of its own. */
  readonly time: Tensor;
  /** (B, Dz), for class-conditional networks. */
  readonly byClass?: Tensor;
}

/** What passes of the same times and classes share. */
export function embedTime(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  { t, labels }: Pick<RinInputs, "t" | "labels">,
): Conditioning {
  if ((labels !== undefined) !== config.numClasses > 0) {
    throw new RangeError(`Labels for a network of ${config.numClasses} classes: ${labels?.shape}`);
  }
  const byClass = labels && classEmbedding(plan, weights, labels);
  const time = mlp(
    plan,
    t,
    weights.linear("time_conditioner.time_mlp.0"),
    "silu",
    weights.linear("time_conditioner.time_mlp.2"),
    config.timeConditioning === "token" ? undefined : byClass,
  );
  return { time, byClass };
}

/**
 * Z = Z_init + time + an earlier pass's part, see {@linkcode warmStart}, the class with the time;
 * or, with these as tokens, Z = (Z_init, time, class) + that.
 */
function begin(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  inputs: RinInputs,
): Tensor {
  const { t, previous, conditioning = embedTime(plan, config, weights, inputs) } = inputs;
  const { time, byClass } = conditioning;
  const start = weights.get("latent_initializer.Z_init");
  const before = warmStart(plan, config, weights, "latent_initializer", {
    stream: previous?.latents,
    mask: previous?.mask,
    shape: [t.shape[0], config.numLatents, config.latentDim],
  });
  if (config.timeConditioning !== "token") {
    return beginLatents(plan, { start, time, previous: before });
  }
  const tokens = byClass ? [time, byClass] as const : [time] as const;
  return joinLatents(plan, { start, tokens, previous: before });
}

/**
 * (B, Dz): a row of the table, the last one for no class; or a row or nothing, plus a bias (paper).
 */
function classEmbedding(plan: Plan<string>, weights: Weights, labels: Tensor): Tensor {
  const rows = gatherRows(plan, weights.get("class_conditioner.class_embed"), labels);
  const bias = "class_conditioner.bias";
  return weights.has(bias) ? addRows(plan, rows, weights.get(bias)) : rows;
}

/** A stream from an earlier pass, if there is any. */
interface Before {
  readonly stream?: Tensor;
  readonly mask?: Tensor;
  /** Shape of the stream. */
  readonly shape: readonly number[];
}

/**
 * The part that an earlier pass adds to a stream's beginning (section 3.3): mask LN(s + MLP(s)),
 * or, with the paper's layers, LN(s + FF(s)) of mask s, which is not zero even without s. Nothing
 * where the network doesn't hand this stream on.
 */
function warmStart(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  name: string,
  { stream, mask, shape }: Before,
): SelfConditioning | undefined {
  if (!weights.has(`${name}.layer_norm.weight`)) return undefined;
  const normed = (moved: Tensor) => norm(plan, config, weights, `${name}.layer_norm`, moved);
  if (config.layers === "paper") {
    const from = stream && mask
      ? maskRows(plan, stream, mask)
      : constant("zeros", shape, new Float32Array());
    const values = normed(feedForward(plan, config, weights, `${name}.mlp`, from, from));
    return { values, mask: constant("ones", [shape[0]], new Float32Array(shape[0]).fill(1)) };
  }
  if (!stream || !mask) return undefined;
  const [first, second] = [weights.linear(`${name}.mlp.0`), weights.linear(`${name}.mlp.2`)];
  return { values: normed(mlp(plan, stream, first, "gelu", second, stream)), mask };
}

/** LN of a stream. */
function norm(
  plan: Plan<string>,
  { layers }: RinConfig,
  weights: Weights,
  name: string,
  stream: Tensor,
): Tensor {
  return layerNorm(plan, stream, weights.norm(name), layers === "paper" ? 1e-6 : 1e-5);
}

/** residual + Linear(GELU(Linear(LN(stream)))). */
function feedForward(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  name: string,
  stream: Tensor,
  residual?: Tensor,
  drop?: Dropout,
): Tensor {
  const normed = norm(plan, config, weights, `${name}.0`, stream);
  const [first, second] = [weights.linear(`${name}.1`), weights.linear(`${name}.3`)];
  return mlp(plan, normed, first, "gelu", second, residual, drop);
}

/** X of block i, having attended to Z. */
function write(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  i: number,
  z: Tensor,
  x: Tensor,
): Tensor {
  return layer(plan, config, weights, layerNames(i, "write"), x, z);
}

/** Names of a layer's parameters, up to their common suffixes, and its kind. */
interface LayerNames {
  readonly kind: "read" | "compute" | "write";
  readonly norm: string;
  readonly attention: string;
  readonly mlp: string;
}

function layerNames(i: number, kind: LayerNames["kind"], index = ""): LayerNames {
  const name = (part: string) => `blocks.${i}.${kind}_${part}${index}`;
  return { kind, norm: name("norm"), attention: name("attention"), mlp: name("mlp") };
}

/**
 * The layer behind read, compute and write: s += MHA(q = LN(s), k = v = context), then s +=
 * Linear(GELU(Linear(LN(s)))). Without a context the normed stream attends to itself.
 */
function layer(
  plan: Plan<string>,
  config: RinConfig,
  weights: Weights,
  names: LayerNames,
  stream: Tensor,
  context?: Tensor,
  drop?: Dropout,
): Tensor {
  const branch = (from: Tensor, record: (residual?: Tensor) => Tensor) =>
    drop ? drop.branch(plan, from, record) : record(from);
  const attended = branch(stream, (residual) => {
    const query = norm(plan, config, weights, names.norm, stream);
    return multiHeadAttention(plan, weights, names.attention, {
      query,
      context: context ?? query,
      residual,
      heads: names.kind === "compute" ? config.numHeads : config.readWriteHeads,
    });
  });
  return branch(
    attended,
    (residual) => feedForward(plan, config, weights, names.mlp, attended, residual, drop),
  );
}
