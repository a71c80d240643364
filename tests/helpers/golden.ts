// Reads the golden files (see tests/golden/README.md) and regenerates the weights that they leave out.

import { sidesOf } from "../../src/model/image_size.ts";
import type { RinReferenceConfig } from "../reference/rin.ts";

/** A tensor of a golden file. */
export interface GoldenTensor {
  shape: number[];
  data: Float32Array<ArrayBuffer>;
}

/** A golden file: its metadata, and its tensors in the order of their names' appearance. */
export class GoldenFile {
  constructor(
    readonly path: string,
    readonly metadata: Record<string, string>,
    readonly tensors: Map<string, GoldenTensor>,
  ) {}

  /** The tensor of this name; throws where there is none. */
  tensor(name: string): GoldenTensor {
    const found = this.tensors.get(name);
    if (found === undefined) throw new Error(`${this.path} has no tensor ${name}`);
    return found;
  }

  /** A tensor's values as float32. */
  f32(name: string): Float32Array<ArrayBuffer> {
    return this.tensor(name).data;
  }

  /** A tensor's values as float64. */
  f64(name: string): Float64Array {
    return Float64Array.from(this.tensor(name).data);
  }

  /** The network's sizes, from the metadata. */
  config(): RinReferenceConfig {
    return parseConfig(JSON.parse(this.metadata.config));
  }

  /** The tensors whose name starts with `prefix`, as float64, without the prefix. */
  withPrefix(prefix: string): Map<string, Float64Array> {
    const found = new Map<string, Float64Array>();
    for (const name of this.tensors.keys()) {
      if (name.startsWith(prefix)) found.set(name.slice(prefix.length), this.f64(name));
    }
    return found;
  }

  /** The network's parameters: the tensors that have a gradient beside them. */
  parameters(): Map<string, Float64Array> {
    const found = new Map<string, Float64Array>();
    for (const name of this.withPrefix("grad.").keys()) found.set(name, this.f64(name));
    return found;
  }
}

/** The original's config (snake_case) under this project's names. */
export function parseConfig(config: Record<string, number>): RinReferenceConfig {
  return {
    imageSize: config.image_size,
    patchSize: config.patch_size,
    latentDim: config.latent_dim,
    interfaceDim: config.interface_dim,
    numLatents: config.num_latents,
    numBlocks: config.num_blocks,
    blockDepth: config.block_depth,
    numHeads: config.num_heads,
  };
}

/** Address of a file of tests/golden/. */
export function goldenUrl(name: string): URL {
  return new URL(`../golden/${name}`, import.meta.url);
}

/** Reads `tests/golden/<name>.safetensors`. */
export function readGolden(name: string): GoldenFile {
  const path = `${name}.safetensors`;
  return parseSafetensors(path, Deno.readFileSync(goldenUrl(path)));
}

/** Parses safetensors bytes: F32 only; the tensors must fill the data exactly, without overlap. */
export function parseSafetensors(path: string, bytes: Uint8Array): GoldenFile {
  const fail = (what: string): never => {
    throw new Error(`Cannot read ${path}: ${what}`);
  };
  if (bytes.length < 8) fail(`it has ${bytes.length} bytes, fewer than a header's length takes`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const start = 8 + length;
  if (start > bytes.length) fail(`its header needs ${start} bytes, the file has ${bytes.length}`);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  const metadata: Record<string, string> = header.__metadata__ ?? {};
  delete header.__metadata__;
  const tensors = new Map<string, GoldenTensor>();
  const ranges: [number, number][] = [];
  for (const [name, entry] of Object.entries<HeaderEntry>(header)) {
    const [from, to] = entry.data_offsets;
    const count = entry.shape.reduce((a, b) => a * b, 1);
    if (entry.dtype !== "F32") fail(`${name} is ${entry.dtype}, expected F32`);
    if (to - from !== 4 * count) fail(`${name} has ${to - from} bytes, expected ${4 * count}`);
    if (start + to > bytes.length) {
      fail(`${name} ends at ${start + to}, the file at ${bytes.length}`);
    }
    const data = new Float32Array(bytes.slice(start + from, start + to).buffer);
    tensors.set(name, { shape: entry.shape, data });
    ranges.push([from, to]);
  }
  let end = 0;
  for (const [from, to] of ranges.sort((a, b) => a[0] - b[0])) {
    if (from !== end) fail(`a tensor starts at ${from}, expected ${end}`);
    end = to;
  }
  if (start + end !== bytes.length) {
    fail(`its tensors end at ${start + end}, the file at ${bytes.length}`);
  }
  return new GoldenFile(path, metadata, tensors);
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Names and shapes of all parameters of a network, in the order of the state_dict. */
export function parameterShapes(config: RinReferenceConfig): Map<string, number[]> {
  const { latentDim: dz, interfaceDim: dx, numLatents, numBlocks } = config;
  const { imageSize, channels = 3, patchSize, frames = 1, patchFrames = 1 } = config;
  const { width, height } = sidesOf(imageSize);
  const { timeConditioning, numClasses = 0, selfConditioning, positions } = config;
  const { latentMlpRatio = 4, interfaceMlpRatio = 4, blockDepth } = config;
  const token = timeConditioning === "token";
  const paper = config.layers === "paper";
  const shapes = new Map<string, number[]>();
  const linear = (name: string, inputs: number, outputs: number) =>
    shapes.set(`${name}.weight`, [outputs, inputs]).set(`${name}.bias`, [outputs]);
  const norm = (name: string, width: number) =>
    shapes.set(`${name}.weight`, [width]).set(`${name}.bias`, [width]);
  const attention = (name: string, stream: number, source: number) => {
    const width = paper ? Math.min(stream, source) : stream;
    if (width === source && !paper) shapes.set(`${name}.in_proj_weight`, [3 * width, width]);
    else {
      shapes.set(`${name}.q_proj_weight`, [width, stream]);
      shapes.set(`${name}.k_proj_weight`, [width, source]);
      shapes.set(`${name}.v_proj_weight`, [width, source]);
    }
    shapes.set(`${name}.in_proj_bias`, [3 * width]);
    linear(`${name}.out_proj`, width, stream);
  };
  const mlp = (name: string, width: number, ratio: number) => {
    norm(`${name}.0`, width);
    linear(`${name}.1`, width, ratio * width);
    linear(`${name}.3`, ratio * width, width);
  };
  const warm = (name: string, width: number, ratio: number) => {
    norm(`${name}.layer_norm`, width);
    if (paper) return mlp(`${name}.mlp`, width, ratio);
    linear(`${name}.mlp.0`, width, width);
    linear(`${name}.mlp.2`, width, width);
  };
  const patchWidth = channels * patchFrames * patchSize ** 2;
  if ((positions ?? "learned") === "learned") {
    const tokens = frames / patchFrames * height * width / patchSize ** 2;
    shapes.set("tokenizer.pos_embed", [1, tokens, dx]);
  }
  linear("tokenizer.linear", patchWidth, dx);
  norm("tokenizer.layer_norm", dx);
  const own = token ? numLatents - (numClasses > 0 ? 2 : 1) : numLatents;
  shapes.set("latent_initializer.Z_init", [1, own, dz]);
  if (selfConditioning !== "interface") warm("latent_initializer", dz, latentMlpRatio);
  if (selfConditioning === "interface" || selfConditioning === "both") {
    warm("interface_initializer", dx, interfaceMlpRatio);
  }
  const hidden = token ? dz : 128;
  linear("time_conditioner.time_mlp.0", token ? 2 * Math.ceil(dz / 8) : 1, hidden);
  linear("time_conditioner.time_mlp.2", hidden, dz);
  if (numClasses > 0) {
    shapes.set("class_conditioner.class_embed", [paper ? numClasses : numClasses + 1, dz]);
    if (paper) shapes.set("class_conditioner.bias", [dz]);
  }
  for (let i = 0; i < numBlocks; i++) {
    const depth = [...Array(typeof blockDepth === "number" ? blockDepth : blockDepth[i]).keys()];
    attention(`blocks.${i}.read_attention`, dz, dx);
    mlp(`blocks.${i}.read_mlp`, dz, latentMlpRatio);
    for (const j of depth) attention(`blocks.${i}.compute_attention.${j}`, dz, dz);
    for (const j of depth) mlp(`blocks.${i}.compute_mlp.${j}`, dz, latentMlpRatio);
    attention(`blocks.${i}.write_attention`, dx, dz);
    mlp(`blocks.${i}.write_mlp`, dx, interfaceMlpRatio);
    norm(`blocks.${i}.read_norm`, dz);
    for (const j of depth) norm(`blocks.${i}.compute_norm.${j}`, dz);
    norm(`blocks.${i}.write_norm`, dx);
  }
  linear("readout", dx, patchWidth);
  norm("layer_norm", dx);
  return shapes;
}

/** The golden weights of a config and seed, made from the names alone. */
export function regenerateWeights(
  config: RinReferenceConfig,
  seed: number,
): Map<string, GoldenTensor> {
  const weights = new Map<string, GoldenTensor>();
  for (const [name, shape] of parameterShapes(config)) {
    weights.set(name, { shape, data: regenerateWeight(name, shape, seed) });
  }
  return weights;
}

/** One golden weight: `f32(offset + (2u - 1) half)`, u from a hash of its name, seed and index. */
export function regenerateWeight(
  name: string,
  shape: number[],
  seed: number,
): Float32Array<ArrayBuffer> {
  const [offset, half] = weightRange(name, shape);
  const s = (fnv1a32(name) ^ seed) >>> 0;
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) {
    let z = s + Math.imul(i + 1, 0x9E3779B9);
    z ^= z >>> 16;
    z = Math.imul(z, 0x21F0AAAD);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735A2D97);
    z ^= z >>> 15;
    const u = (z >>> 8) / 2 ** 24;
    data[i] = offset + (2 * u - 1) * half;
  }
  return data;
}

function weightRange(name: string, shape: number[]): [number, number] {
  const last = shape[shape.length - 1];
  if (name.endsWith("pos_embed") || name.endsWith("Z_init")) return [0, Math.sqrt(3)];
  if (name.startsWith("latent_initializer.layer_norm.")) return [0, 1];
  if (/(q_proj|k_proj|in_proj)_weight$/.test(name)) return [0, 2 / Math.sqrt(last)];
  if (shape.length >= 2) return [0, 1 / Math.sqrt(last)];
  return name.endsWith("weight") ? [1, 0.3] : [0, 0.3];
}

/** FNV-1a of the name's UTF-8 bytes. */
export function fnv1a32(text: string): number {
  let hash = 0x811C9DC5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
