/**
 * The parameters of a network by name, shape and initialisation, and the place of each in the slab
 * that holds them all. Names and shapes are those of the original's PyTorch state_dict.
 *
 * @module
 */
import { bytesOfOne } from "../graph/tensor.ts";
import type { FloatType } from "../graph/ops.ts";
import { attentionWidth, blockDepths, type RinConfig, tokensAmongLatents } from "./config.ts";
import { interfaceTokens, patchFeatures } from "./example.ts";
import { timeWidth } from "./time.ts";

/** How a parameter begins, as PyTorch begins these modules, or Keras the paper's. */
export type Initial =
  | { readonly kind: "zero" | "one" | "normal" }
  /** A normal of deviation 0.02, drawn again beyond two deviations. */
  | { readonly kind: "truncated" }
  /** Uniform on [-bound, bound]. */
  | { readonly kind: "uniform"; readonly bound: number };

/** One parameter. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: Initial;
}

/** A parameter with its place: the element of the slab at which it begins. */
export interface PlacedParameter extends ParameterSpec {
  readonly offset: number;
  readonly size: number;
}

/** All parameters, in slab order: matrices (which weight decay acts on) first. */
export interface ParameterLayout {
  readonly parameters: readonly PlacedParameter[];
  /** Elements of the slab, padding included; a multiple of 64. */
  readonly size: number;
  /** Type of the numbers in the slab. */
  readonly type: FloatType;
  /** Elements that matrices take up, at the slab's beginning. */
  readonly matrices: number;
}

const zero: Initial = { kind: "zero" };
const one: Initial = { kind: "one" };
const uniform = (bound: number): Initial => ({ kind: "uniform", bound });
/** Glorot & Bengio's (2010), of so many inputs and outputs. */
const glorot = (inputs: number, outputs: number) => uniform(Math.sqrt(6 / (inputs + outputs)));

// Parameters in one group lie side by side, so that a kernel can bind them as one matrix.
type Group = ParameterSpec[];

function norm(name: string, width: number, weight = one): Group[] {
  return [[
    { name: `${name}.weight`, shape: [width], initial: weight },
    { name: `${name}.bias`, shape: [width], initial: zero },
  ]];
}

/** The parameters of a network's layers, whichever layers these are. */
class Layers {
  readonly #paper: boolean;

  constructor(readonly config: RinConfig) {
    this.#paper = config.layers === "paper";
  }

  /** @param window pixels of the convolution that it is; for Keras, each has all outputs */
  linear(name: string, outWidth: number, inWidth: number, window = 1): Group[] {
    const own = uniform(1 / Math.sqrt(inWidth));
    const [weight, bias] = this.#paper ? [glorot(inWidth, window * outWidth), zero] : [own, own];
    return [
      [{ name: `${name}.weight`, shape: [outWidth, inWidth], initial: weight }],
      [{ name: `${name}.bias`, shape: [outWidth], initial: bias }],
    ];
  }

  /** Parameters that are no layer's weights: positions and the like. */
  table(name: string, ...shape: readonly number[]): Group {
    return [{ name, shape, initial: { kind: this.#paper ? "truncated" : "normal" } }];
  }

  /** Attention of a stream to a context, of these widths, or of a stream to itself. */
  attention(name: string, stream: number, context?: number): Group[] {
    const keyWidth = context ?? stream;
    const heads = context ? this.config.readWriteHeads : this.config.numHeads;
    const width = attentionWidth(this.config, stream, keyWidth);
    const projection = (part: string, inputs: number): ParameterSpec => ({
      name: `${name}.${part}_proj_weight`,
      shape: [width, inputs],
      // Keras takes the kernel (inputs, heads, d) for a convolution's in a window of `inputs` pixels.
      initial: this.#paper ? glorot(inputs * heads, inputs * width / heads) : glorot(inputs, width),
    });
    const q = projection("q", stream);
    const kv = [projection("k", keyWidth), projection("v", keyWidth)];
    const packed: ParameterSpec = {
      name: `${name}.in_proj_weight`,
      shape: [3 * width, width],
      initial: glorot(width, 3 * width),
    };
    // And the kernel (heads, d, outputs) alike, with a window of `heads` pixels.
    const [[out]] = this.linear(`${name}.out_proj`, stream, width, heads);
    return [
      // The paper's are parameters of their own, for LAMB's ratios.
      ...this.#paper
        ? context ? [[q], kv] : [[q, ...kv]]
        : width === keyWidth
        ? [[packed]]
        : [[q], kv],
      [{ name: `${name}.in_proj_bias`, shape: [3 * width], initial: zero }],
      [out],
      [{ name: `${name}.out_proj.bias`, shape: [stream], initial: zero }],
    ];
  }

  feedForward(name: string, width: number, ratio: number): Group[] {
    return [
      ...norm(`${name}.0`, width),
      ...this.linear(`${name}.1`, ratio * width, width),
      ...this.linear(`${name}.3`, width, ratio * width),
    ];
  }

  /**
   * Parameters that fold a stream of an earlier pass into its beginning; the norm begins as zero.
   */
  warmStart(name: string, width: number, ratio: number): Group[] {
    return [
      ...this.#paper ? this.feedForward(`${name}.mlp`, width, ratio) : [
        ...this.linear(`${name}.mlp.0`, width, width),
        ...this.linear(`${name}.mlp.2`, width, width),
      ],
      ...norm(`${name}.layer_norm`, width, zero),
    ];
  }

  /** Parameters that make latents, or an addition to them, from the time and the class. */
  conditioning(): Group[] {
    const { latentDim: dz, numClasses, timeConditioning } = this.config;
    const hidden = timeConditioning === "add" ? TIME_HIDDEN : dz;
    const name = "class_conditioner.class_embed";
    return [
      ...this.linear("time_conditioner.time_mlp.0", hidden, timeWidth(this.config)),
      ...this.linear("time_conditioner.time_mlp.2", dz, hidden),
      ...numClasses === 0 ? [] : this.#paper
        ? [
          [{ name, shape: [numClasses, dz], initial: glorot(numClasses, dz) }],
          [{ name: "class_conditioner.bias", shape: [dz], initial: zero }],
        ]
        // The last row means no class.
        : [this.table(name, numClasses + 1, dz)],
    ];
  }
}

/** Width of the hidden layer of the time's embedding, where the time is no token. */
const TIME_HIDDEN = 128;

function groups(config: RinConfig): Group[] {
  const { latentDim: dz, interfaceDim: dx, latentMlpRatio, interfaceMlpRatio } = config;
  const { selfConditioning, patchFrames, patchSize } = config;
  const layers = new Layers(config);
  const features = patchFeatures(config);
  const own = config.numLatents - tokensAmongLatents(config);
  const block = (depth: number, i: number): Group[] => [
    ...norm(`blocks.${i}.read_norm`, dz),
    ...layers.attention(`blocks.${i}.read_attention`, dz, dx),
    ...layers.feedForward(`blocks.${i}.read_mlp`, dz, latentMlpRatio),
    ...Array.from({ length: depth }, (_, j) => [
      ...norm(`blocks.${i}.compute_norm.${j}`, dz),
      ...layers.attention(`blocks.${i}.compute_attention.${j}`, dz),
      ...layers.feedForward(`blocks.${i}.compute_mlp.${j}`, dz, latentMlpRatio),
    ]).flat(),
    ...norm(`blocks.${i}.write_norm`, dx),
    ...layers.attention(`blocks.${i}.write_attention`, dx, dz),
    ...layers.feedForward(`blocks.${i}.write_mlp`, dx, interfaceMlpRatio),
  ];
  return [
    ...layers.linear("tokenizer.linear", dx, features, patchFrames * patchSize ** 2),
    ...norm("tokenizer.layer_norm", dx),
    ...config.positions === "learned"
      ? [layers.table("tokenizer.pos_embed", 1, interfaceTokens(config), dx)]
      : [],
    layers.table("latent_initializer.Z_init", 1, own, dz),
    ...selfConditioning !== "interface"
      ? layers.warmStart("latent_initializer", dz, latentMlpRatio)
      : [],
    ...selfConditioning !== "latents"
      ? layers.warmStart("interface_initializer", dx, interfaceMlpRatio)
      : [],
    ...layers.conditioning(),
    ...blockDepths(config).flatMap(block),
    ...norm("layer_norm", dx),
    ...layers.linear("readout", features, dx),
  ];
}

/** Alignment of a group of parameters, bytes: where a GPU's binding can begin. */
const ALIGNMENT = 256;

/**
 * Names, shapes, initial values and places of all parameters of a network.
 *
 * @param type of the slab's numbers: for f16, twice as many fit between the places where a binding
 * can begin
 */
export function parameterLayout(config: RinConfig, type: FloatType = "f32"): ParameterLayout {
  const aligned = ALIGNMENT / bytesOfOne(type);
  const all = groups(config);
  // With the paper's layers as in its code, tables decay too: all but biases and norms.
  const isMatrix = ([{ name, shape }]: Group) =>
    config.layers === "paper" ? shape.length > 1 : name.endsWith("weight") && shape.length === 2;
  const parameters: PlacedParameter[] = [];
  let end = 0;
  const add = (group: Group) => {
    for (const spec of group) {
      const size = spec.shape.reduce((a, b) => a * b, 1);
      parameters.push({ ...spec, offset: end, size });
      end += size;
    }
    end = Math.ceil(end / aligned) * aligned;
  };
  all.filter(isMatrix).forEach(add);
  const matrices = end;
  all.filter((group) => !isMatrix(group)).forEach(add);
  return { parameters, size: end, type, matrices };
}

/** Number of trainable numbers of a network. */
export function countParameters(config: RinConfig): number {
  return parameterLayout(config).parameters.reduce((sum, { size }) => sum + size, 0);
}
