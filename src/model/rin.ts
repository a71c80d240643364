/**
 * The Recurrent Interface Network (Jabri, Fleet & Chen 2023, arXiv 2212.11972, section 3).
 *
 * Shapes: images (B, 3, S, S); interface X (B, N, Dx) with N = (S/P)^2; latents Z (B, M, Dz).
 *
 * @module
 */
import type { Plan, Tensor } from "../gpu/plan.ts";
import { layerNorm } from "../nn/layer_norm.ts";
import { linear, perceptron } from "../nn/linear.ts";
import { addRows, beginLatents, depatchify, patchify, type Warm } from "../nn/tokens.ts";
import { multiHeadAttention } from "./attention.ts";
import type { RinConfig } from "./config.ts";
import type { Weights } from "./weights.ts";

/** What a pass begins with. */
export interface RinInputs {
  /** Noisy images (B, 3, S, S). */
  readonly xt: Tensor;
  /** Times (B, 1) in [0, 1]. */
  readonly t: Tensor;
  /** Latents Z_prev of an earlier pass (B, M, Dz) and the examples (B) that begin from them. */
  readonly previous?: Warm;
}

/** What a pass gives. */
export interface RinOutputs {
  /** The network's prediction (B, 3, S, S). */
  readonly output: Tensor;
  /** Latents Z after the last block (B, M, Dz). */
  readonly latents: Tensor;
  /** Interface X after the last block (B, N, Dx). */
  readonly interface: Tensor;
}

/** Records a whole pass. */
export function rin(
  plan: Plan,
  config: RinConfig,
  weights: Weights,
  inputs: RinInputs,
): RinOutputs {
  const [z, x] = blocks(plan, config, weights, inputs);
  const written = write(plan, config, weights, config.numBlocks - 1, z, x);
  const normed = layerNorm(plan, written, weights.norm("layer_norm"));
  const patches = linear(plan, normed, weights.linear("readout"));
  const output = depatchify(plan, patches, config.imageSize, config.patchSize);
  return { output, latents: z, interface: written };
}

/** Records a pass that only asks for the latents: the last write and the readout don't matter. */
export function rinLatents(
  plan: Plan,
  config: RinConfig,
  weights: Weights,
  inputs: RinInputs,
): Tensor {
  return blocks(plan, config, weights, inputs)[0];
}

/** All but the last write. */
function blocks(
  plan: Plan,
  config: RinConfig,
  weights: Weights,
  { xt, t, previous }: RinInputs,
): [z: Tensor, x: Tensor] {
  let x = tokenize(plan, config, weights, xt);
  let z = begin(plan, weights, t, previous);
  for (let i = 0; i < config.numBlocks; i++) {
    if (i > 0) x = write(plan, config, weights, i - 1, z, x);
    z = layer(plan, config, weights, layerNames(i, "read"), z, x);
    for (let j = 0; j < config.blockDepth; j++) {
      z = layer(plan, config, weights, layerNames(i, "compute", `.${j}`), z);
    }
  }
  return [z, x];
}

function tokenize(plan: Plan, config: RinConfig, weights: Weights, xt: Tensor): Tensor {
  const patches = patchify(plan, xt, config.patchSize);
  const tokens = linear(plan, patches, weights.linear("tokenizer.linear"));
  const normed = layerNorm(plan, tokens, weights.norm("tokenizer.layer_norm"));
  return addRows(plan, normed, weights.get("tokenizer.pos_embed"));
}

/** Z = Z_init + time + mask LN(Z_prev + MLP(Z_prev)): latent self-conditioning (section 3.3). */
function begin(plan: Plan, weights: Weights, t: Tensor, previous?: Warm): Tensor {
  const name = "latent_initializer";
  const time = perceptron(
    plan,
    t,
    weights.linear("time_conditioner.time_mlp.0"),
    "silu",
    weights.linear("time_conditioner.time_mlp.2"),
  );
  const start = weights.get(`${name}.Z_init`);
  if (previous === undefined) return beginLatents(plan, { start, time });
  const { latents, mask } = previous;
  const moved = perceptron(
    plan,
    latents,
    weights.linear(`${name}.mlp.0`),
    "gelu",
    weights.linear(`${name}.mlp.2`),
    latents,
  );
  const normed = layerNorm(plan, moved, weights.norm(`${name}.layer_norm`));
  return beginLatents(plan, { start, time, warm: { latents: normed, mask } });
}

/** X of block i, having attended to Z. */
function write(
  plan: Plan,
  config: RinConfig,
  weights: Weights,
  i: number,
  z: Tensor,
  x: Tensor,
): Tensor {
  return layer(plan, config, weights, layerNames(i, "write"), x, z);
}

/** Names of a layer's parameters, up to what follows them in each. */
interface LayerNames {
  readonly norm: string;
  readonly attention: string;
  readonly mlp: string;
}

function layerNames(i: number, kind: "read" | "compute" | "write", index = ""): LayerNames {
  const name = (part: string) => `blocks.${i}.${kind}_${part}${index}`;
  return { norm: name("norm"), attention: name("attention"), mlp: name("mlp") };
}

/**
 * What read, compute and write all are: s += MHA(q = LN(s), k = v = context); s += FF(s). Without a
 * context the normed stream attends to itself.
 */
function layer(
  plan: Plan,
  config: RinConfig,
  weights: Weights,
  { norm, attention, mlp }: LayerNames,
  stream: Tensor,
  context?: Tensor,
): Tensor {
  const query = layerNorm(plan, stream, weights.norm(norm));
  const attended = multiHeadAttention(plan, weights, attention, {
    query,
    context: context ?? query,
    residual: stream,
    heads: config.numHeads,
  });
  return feedForward(plan, weights, mlp, attended);
}

/** x + Linear(GELU(Linear(LN(x)))), four times as wide inside. */
function feedForward(plan: Plan, weights: Weights, name: string, x: Tensor): Tensor {
  const normed = layerNorm(plan, x, weights.norm(`${name}.0`));
  const [first, second] = [weights.linear(`${name}.1`), weights.linear(`${name}.3`)];
  return perceptron(plan, normed, first, "gelu", second, x);
}
