/**
 * The parameters of a network by name, shape and initialisation, and where each lies in the slab
 * that holds them all. Names and shapes are those of the original's PyTorch state_dict.
 *
 * @module
 */
import { bytesOfOne } from "../graph/tensor.ts";
import type { FloatType } from "../graph/ops.ts";
import { blockDepths, type RinConfig, tokensAmongLatents } from "./config.ts";
import { interfaceTokens, patchFeatures } from "./example.ts";
import { timeWidth } from "./time.ts";

/** How a parameter begins, as PyTorch begins these modules. */
export type Initial =
  | { readonly kind: "zero" | "one" | "normal" }
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
  /** What numbers the slab holds. */
  readonly type: FloatType;
  /** Elements that matrices take up, at the slab's beginning. */
  readonly matrices: number;
}

const zero: Initial = { kind: "zero" };
const one: Initial = { kind: "one" };
const normal: Initial = { kind: "normal" };
const uniform = (bound: number): Initial => ({ kind: "uniform", bound });

// Parameters in one group lie side by side, so that a kernel can bind them as one matrix.
type Group = ParameterSpec[];

function linear(name: string, outWidth: number, inWidth: number): Group[] {
  const initial = uniform(1 / Math.sqrt(inWidth));
  return [
    [{ name: `${name}.weight`, shape: [outWidth, inWidth], initial }],
    [{ name: `${name}.bias`, shape: [outWidth], initial }],
  ];
}

function norm(name: string, width: number, weight = one): Group[] {
  return [[
    { name: `${name}.weight`, shape: [width], initial: weight },
    { name: `${name}.bias`, shape: [width], initial: zero },
  ]];
}

function attention(name: string, width: number, keyWidth: number): Group[] {
  const xavier = (rows: number, columns: number) => uniform(Math.sqrt(6 / (rows + columns)));
  const packed: Group[] = [[
    {
      name: `${name}.in_proj_weight`,
      shape: [3 * width, width],
      initial: xavier(3 * width, width),
    },
  ]];
  const apart: Group[] = [
    [{ name: `${name}.q_proj_weight`, shape: [width, width], initial: xavier(width, width) }],
    ["k", "v"].map((part) => ({
      name: `${name}.${part}_proj_weight`,
      shape: [width, keyWidth],
      initial: xavier(width, keyWidth),
    })),
  ];
  const [out] = linear(`${name}.out_proj`, width, width);
  return [
    ...(width === keyWidth ? packed : apart),
    [{ name: `${name}.in_proj_bias`, shape: [3 * width], initial: zero }],
    out,
    [{ name: `${name}.out_proj.bias`, shape: [width], initial: zero }],
  ];
}

function feedForward(name: string, width: number, ratio: number): Group[] {
  return [
    ...norm(`${name}.0`, width),
    ...linear(`${name}.1`, ratio * width, width),
    ...linear(`${name}.3`, width, ratio * width),
  ];
}

/** What folds a stream of an earlier pass into its beginning; the norm begins as zero. */
function warmStart(name: string, width: number): Group[] {
  return [
    ...linear(`${name}.mlp.0`, width, width),
    ...linear(`${name}.mlp.2`, width, width),
    ...norm(`${name}.layer_norm`, width, zero),
  ];
}

/** Width of the hidden layer of the time's embedding, where the time is no token. */
const TIME_HIDDEN = 128;

/** What makes latents, or what is added to them, from the time and the class. */
function conditioning(config: RinConfig): Group[] {
  const { latentDim: dz, numClasses, timeConditioning } = config;
  const hidden = timeConditioning === "add" ? TIME_HIDDEN : dz;
  const classes: ParameterSpec = {
    name: "class_conditioner.class_embed",
    // The last one stands for no class.
    shape: [numClasses + 1, dz],
    initial: normal,
  };
  return [
    ...linear("time_conditioner.time_mlp.0", hidden, timeWidth(config)),
    ...linear("time_conditioner.time_mlp.2", dz, hidden),
    ...numClasses > 0 ? [[classes]] : [],
  ];
}

function groups(config: RinConfig): Group[] {
  const { latentDim: dz, interfaceDim: dx, selfConditioning } = config;
  const features = patchFeatures(config);
  const own = config.numLatents - tokensAmongLatents(config);
  const positions: ParameterSpec = {
    name: "tokenizer.pos_embed",
    shape: [1, interfaceTokens(config), dx],
    initial: normal,
  };
  const block = (depth: number, i: number): Group[] => [
    ...norm(`blocks.${i}.read_norm`, dz),
    ...attention(`blocks.${i}.read_attention`, dz, dx),
    ...feedForward(`blocks.${i}.read_mlp`, dz, config.latentMlpRatio),
    ...Array.from({ length: depth }, (_, j) => [
      ...norm(`blocks.${i}.compute_norm.${j}`, dz),
      ...attention(`blocks.${i}.compute_attention.${j}`, dz, dz),
      ...feedForward(`blocks.${i}.compute_mlp.${j}`, dz, config.latentMlpRatio),
    ]).flat(),
    ...norm(`blocks.${i}.write_norm`, dx),
    ...attention(`blocks.${i}.write_attention`, dx, dz),
    ...feedForward(`blocks.${i}.write_mlp`, dx, config.interfaceMlpRatio),
  ];
  return [
    ...linear("tokenizer.linear", dx, features),
    ...norm("tokenizer.layer_norm", dx),
    ...config.positions === "learned" ? [[positions]] : [],
    [{ name: "latent_initializer.Z_init", shape: [1, own, dz], initial: normal }],
    ...selfConditioning !== "interface" ? warmStart("latent_initializer", dz) : [],
    ...selfConditioning !== "latents" ? warmStart("interface_initializer", dx) : [],
    ...conditioning(config),
    ...blockDepths(config).flatMap(block),
    ...norm("layer_norm", dx),
    ...linear("readout", features, dx),
  ];
}

/** Bytes at multiples of which a group of parameters begins: where a GPU's binding can begin. */
const ALIGNMENT = 256;

/**
 * Names, shapes, initial values and places of all parameters of a network.
 *
 * @param type of the slab's numbers: of f16, twice as many lie between the places where a binding can
 * begin
 */
export function parameterLayout(config: RinConfig, type: FloatType = "f32"): ParameterLayout {
  const aligned = ALIGNMENT / bytesOfOne(type);
  const all = groups(config);
  const isMatrix = (group: Group) =>
    group[0].name.endsWith("weight") && group[0].shape.length === 2;
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
