// Float64 reference of the whole network (DESIGN, section 3), with the gradient of every parameter.

import type { Channels } from "../../src/model/config.ts";
import { type ImageSize, sidesOf } from "../../src/model/image_size.ts";
import type { Activation } from "./activation.ts";
import { depatchify, patchify, type PatchShape } from "./patches.ts";
import { uniform } from "./random.ts";
import { Tape, type Variable, variable, view } from "./tape.ts";

/** Sizes of the network, as in the original's config; options of the paper's network beside them. */
export interface RinReferenceConfig {
  imageSize: ImageSize;
  channels?: Channels;
  frames?: number;
  patchSize: number;
  patchFrames?: number;
  latentDim: number;
  interfaceDim: number;
  numLatents: number;
  numBlocks: number;
  blockDepth: number | readonly number[];
  numHeads: number;
  readWriteHeads?: number;
  latentMlpRatio?: number;
  interfaceMlpRatio?: number;
  timeConditioning?: "add" | "token";
  numClasses?: number;
  selfConditioning?: "latents" | "interface" | "both";
  positions?: "learned" | "sincos" | "stretched";
  layers?: "original" | "paper";
}

/** Parameters, or their gradients, by state_dict name. */
export type Parameters = Map<string, Float64Array>;

/** What goes into the network. */
export interface RinReferenceInput {
  /** Noisy images (B, 3, S, S) or clips (B, 3, T, S, S). */
  x: Float64Array;
  /** Times (B) in [0, 1], or gammas of them where the network is given these. */
  t: Float64Array;
  /** Latents of an earlier pass (B, M, Dz). */
  zPrev?: Float64Array;
  /** Interface of an earlier pass (B, N, Dx). */
  xPrev?: Float64Array;
  /** Classes (B), `numClasses` for none. */
  labels?: readonly number[];
  /** What the compute layers drop: units and branches, by the streams (seed, b) of the examples. */
  drop?: { units: number; path: number; seed: number };
  /** For each example: 1 to start from zPrev and xPrev, 0 afresh. All 1 unless given. */
  mask?: ArrayLike<number>;
}

/** What comes out, and the way back. */
export interface RinReferenceOutput {
  /** Prediction, shaped as x. */
  prediction: Float64Array;
  /** Latents (B, M, Dz). */
  z: Float64Array;
  /** Interface (B, N, Dx). */
  x: Float64Array;
  /** Intermediates under the names of the golden files (`X_tokens`, `block0.Z`, ...). */
  mid: Map<string, Float64Array>;
  /** Gradients of `sum(dprediction * prediction)`; call it once. Unused parameters get zeros. */
  backward(dprediction: Float64Array): Parameters;
}

const ADDED_TIME_WIDTH = 128;

function patchWidthOf(
  { channels = 3, patchSize, patchFrames = 1 }: RinReferenceConfig,
): number {
  return channels * patchFrames * patchSize ** 2;
}

/** Sines, then cosines, of 1000 t at falling frequencies, standardised: (B, width). */
export function timeReference(times: Float64Array, width: number): Float64Array {
  const rows = new Float64Array(times.length * width);
  times.forEach((t, b) => {
    const row = rows.subarray(b * width, (b + 1) * width);
    for (let j = 0; j < width; j++) {
      const i = j % (width / 2);
      const angle = 1000 * t * Math.pow(10000, -2 * i / width);
      row[j] = j < width / 2 ? Math.sin(angle) : Math.cos(angle);
    }
    const mean = row.reduce((a, v) => a + v / width, 0);
    const deviation = Math.sqrt(row.reduce((a, v) => a + (v - mean) ** 2 / width, 0));
    for (let j = 0; j < width; j++) row[j] = (row[j] - mean) / deviation;
  });
  return rows;
}

/** Sines and cosines of the time (of clips), then row, then column: (times * rows * columns, width). */
function sinCosReference(
  clip: boolean,
  times: number,
  [rows, columns]: readonly [number, number],
  width: number,
  stretched: boolean,
): Float64Array {
  const table = new Float64Array(times * rows * columns * width);
  const pairs = Math.floor(width / 2);
  const [half, third] = [Math.ceil(pairs / 2), Math.ceil(pairs / 3)];
  const shares = clip
    ? [third, Math.ceil((pairs - third) / 2), Math.floor(pairs / 3)]
    : [half, pairs - half];
  let row = 0;
  for (let t = 0; t < times; t++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        let at = row++ * width;
        const lasts = [times - 1, rows - 1, columns - 1].slice(-shares.length);
        [t, y, x].slice(-shares.length).forEach((place, axis) => {
          const share = shares[axis];
          const coordinate = stretched && lasts[axis] > 0 ? place / lasts[axis] * 1000 : place;
          for (let i = 0; i < share; i++) {
            table[at + i] = Math.sin(coordinate * Math.pow(10000, -i / share));
            table[at + share + i] = Math.cos(coordinate * Math.pow(10000, -i / share));
          }
          at += 2 * share;
        });
      }
    }
  }
  return table;
}

/** Runs the network. */
export function rin(
  config: RinReferenceConfig,
  params: Parameters,
  input: RinReferenceInput,
): RinReferenceOutput {
  return new Network(config, params, input).run();
}

class Network {
  readonly #tape = new Tape();
  readonly #used = new Map<string, Variable>();
  readonly #batch: number;
  #drawn = 0;

  constructor(
    readonly config: RinReferenceConfig,
    readonly params: Parameters,
    readonly input: RinReferenceInput,
  ) {
    this.#batch = input.t.length;
  }

  run(): RinReferenceOutput {
    const { imageSize, channels = 3, frames, patchSize, patchFrames } = this.config;
    const { interfaceDim, numBlocks } = this.config;
    const shape: PatchShape = {
      batch: this.#batch,
      channels,
      frames,
      ...sidesOf(imageSize),
      patchFrames,
      patch: patchSize,
    };
    const mid = new Map<string, Float64Array>();
    let x = this.#tokens(patchify(this.input.x, shape));
    mid.set("X_tokens", x.value);
    let z = this.#initialLatents(mid);
    mid.set("Z_time", z.value);
    for (let i = 0; i < numBlocks; i++) {
      [x, z] = this.#block(`blocks.${i}`, x, z);
      mid.set(`block${i}.Z`, z.value).set(`block${i}.X`, x.value);
    }
    const patchWidth = patchWidthOf(this.config);
    const patches = this.#linear("readout", this.#norm("layer_norm", x), interfaceDim, patchWidth);
    mid.set("patches_pred", patches.value);
    return {
      prediction: depatchify(patches.value, shape),
      z: z.value,
      x: x.value,
      mid,
      backward: (dprediction) => {
        patches.grad.set(patchify(dprediction, shape));
        this.#tape.backward();
        const gradients: Parameters = new Map();
        for (const [name, value] of this.params) {
          gradients.set(name, this.#used.get(name)?.grad ?? new Float64Array(value.length));
        }
        return gradients;
      },
    };
  }

  #tokens(patches: Float64Array): Variable {
    const { interfaceDim } = this.config;
    const projected = this.#linear(
      "tokenizer.linear",
      variable(patches),
      patchWidthOf(this.config),
      interfaceDim,
    );
    const normed = this.#norm("tokenizer.layer_norm", projected);
    const tokens = this.#tape.add(normed, this.#tape.repeat(this.#positions(), this.#batch));
    return this.#warm("interface_initializer", tokens, this.input.xPrev, interfaceDim);
  }

  #positions(): Variable {
    const { imageSize, frames = 1, patchSize, patchFrames = 1, positions } = this.config;
    if ((positions ?? "learned") === "learned") return this.#param("tokenizer.pos_embed");
    const { width, height } = sidesOf(imageSize);
    const grid = [height / patchSize, width / patchSize] as const;
    const { interfaceDim } = this.config;
    const stretched = positions === "stretched";
    return variable(
      sinCosReference(frames > 1, frames / patchFrames, grid, interfaceDim, stretched),
    );
  }

  /**
   * start + LN(s + MLP(s)) of what an earlier pass left, where the mask says so; of the paper's layers
   * LN(s + FF(s)), where it says no or nothing is left of zeros.
   */
  #warm(name: string, start: Variable, previous: Float64Array | undefined, width: number) {
    const { mask } = this.input;
    if (this.#paper) {
      if (!this.params.has(`${name}.layer_norm.weight`)) return start;
      const { latentMlpRatio = 4, interfaceMlpRatio = 4 } = this.config;
      const ratio = name === "latent_initializer" ? latentMlpRatio : interfaceMlpRatio;
      const given = variable(previous ?? new Float64Array(start.value.length));
      const from = mask === undefined ? given : this.#tape.mask(given, mask);
      const moved = this.#feedForward(`${name}.mlp`, from, width, ratio, from);
      return this.#tape.add(start, this.#norm(`${name}.layer_norm`, moved));
    }
    if (previous === undefined) return start;
    const before = variable(previous);
    const hidden = this.#linear(`${name}.mlp.0`, before, width, width, { act: "gelu" });
    const sum = this.#linear(`${name}.mlp.2`, hidden, width, width, { residual: before });
    const warm = this.#norm(`${name}.layer_norm`, sum);
    return this.#tape.add(start, mask === undefined ? warm : this.#tape.mask(warm, mask));
  }

  #initialLatents(mid: Map<string, Float64Array>): Variable {
    const { latentDim, numLatents, timeConditioning } = this.config;
    const own = this.#param("latent_initializer.Z_init");
    const conditions = [this.#timeEmbedding(), ...this.#classEmbedding()];
    if (timeConditioning === "token") {
      const start = this.#tape.join([own, ...conditions], latentDim, this.#batch);
      return this.#warm("latent_initializer", start, this.input.zPrev, latentDim);
    }
    const fresh = this.#tape.repeat(own, this.#batch);
    let z = this.#warm("latent_initializer", fresh, this.input.zPrev, latentDim);
    mid.set("Z_init_or_warm", z.value);
    for (const condition of conditions) {
      z = this.#tape.add(z, this.#tape.repeatRows(condition, latentDim, numLatents));
    }
    return z;
  }

  #timeEmbedding(): Variable {
    const { latentDim, timeConditioning } = this.config;
    const token = timeConditioning === "token";
    const [inputs, hidden] = token
      ? [2 * Math.ceil(latentDim / 8), latentDim]
      : [1, ADDED_TIME_WIDTH];
    const time = variable(token ? timeReference(this.input.t, inputs) : this.input.t);
    const mlp = "time_conditioner.time_mlp";
    const middle = this.#linear(`${mlp}.0`, time, inputs, hidden, { act: "silu" });
    return this.#linear(`${mlp}.2`, middle, hidden, latentDim);
  }

  #classEmbedding(): Variable[] {
    const { labels } = this.input;
    if (labels === undefined) return [];
    const table = this.#param("class_conditioner.class_embed");
    const rows = this.#tape.gather(table, labels, this.config.latentDim);
    if (!this.#paper) return [rows];
    const bias = this.#tape.repeat(this.#param("class_conditioner.bias"), labels.length);
    return [this.#tape.add(rows, bias)];
  }

  #block(name: string, x: Variable, z: Variable): [Variable, Variable] {
    const { latentDim: dz, interfaceDim: dx, blockDepth, numHeads } = this.config;
    const { readWriteHeads: heads = numHeads, latentMlpRatio = 4, interfaceMlpRatio = 4 } =
      this.config;
    const query = this.#norm(`${name}.read_norm`, z);
    z = this.#attention(`${name}.read_attention`, query, dz, x, dx, z, heads);
    z = this.#feedForward(`${name}.read_mlp`, z, dz, latentMlpRatio, z);
    const depth = typeof blockDepth === "number" ? blockDepth : blockDepth[Number(name.slice(7))];
    for (let j = 0; j < depth; j++) {
      z = this.#branch(z, (residual) => {
        const n = this.#norm(`${name}.compute_norm.${j}`, z);
        return this.#attention(`${name}.compute_attention.${j}`, n, dz, n, dz, residual, numHeads);
      });
      const before = z;
      z = this.#branch(z, (residual) => {
        const mlp = `${name}.compute_mlp.${j}`;
        return this.#feedForward(mlp, before, dz, latentMlpRatio, residual, true);
      });
    }
    const n = this.#norm(`${name}.write_norm`, x);
    x = this.#attention(`${name}.write_attention`, n, dx, z, dz, x, heads);
    x = this.#feedForward(`${name}.write_mlp`, x, dx, interfaceMlpRatio, x);
    return [x, z];
  }

  /** residual + branch, or what is left of it where some examples go without. */
  #branch(residual: Variable, record: (residual?: Variable) => Variable): Variable {
    const { path = 0 } = this.input.drop ?? {};
    if (path === 0) return record(residual);
    const factors = this.#factors(path, 1);
    const branch = record();
    const each = branch.value.length / this.#batch;
    const spread = branch.value.map((_, i) => factors[Math.floor(i / each)]);
    return this.#tape.add(residual, this.#tape.scale(branch, spread));
  }

  /** The next `each` factors of every example: 0 with probability `rate`, else 1 / (1 - rate). */
  #factors(rate: number, each: number): number[] {
    const first = this.#drawn;
    this.#drawn += each;
    return Array.from({ length: this.#batch * each }, (_, i) => {
      const [b, index] = [Math.floor(i / each), first + i % each];
      return uniform(this.input.drop!.seed, b, index) < rate ? 0 : 1 / (1 - rate);
    });
  }

  get #paper(): boolean {
    return this.config.layers === "paper";
  }

  /**
   * `residual + MHA(q = query, k = v = source)`, with PyTorch's two layouts of the projections, or as
   * wide as the narrower stream.
   */
  #attention(
    name: string,
    query: Variable,
    streamWidth: number,
    source: Variable,
    sourceWidth: number,
    residual: Variable | undefined,
    heads: number,
  ): Variable {
    const width = this.#paper ? Math.min(streamWidth, sourceWidth) : streamWidth;
    const bias = this.#param(`${name}.in_proj_bias`);
    const packed = width === sourceWidth && !this.#paper
      ? this.#param(`${name}.in_proj_weight`)
      : null;
    const project = (letter: string, part: number, stream: Variable, inputs: number) => {
      const weight = packed === null
        ? this.#param(`${name}.${letter}_proj_weight`)
        : view(packed, part * width * width, (part + 1) * width * width);
      const rows = stream.value.length / inputs;
      const b = view(bias, part * width, (part + 1) * width);
      return this.#tape.linear(stream, weight, b, { rows, inputs, outputs: width });
    };
    const q = project("q", 0, query, streamWidth);
    const k = project("k", 1, source, sourceWidth);
    const v = project("v", 2, source, sourceWidth);
    const mixed = this.#tape.attention(q, k, v, {
      batch: this.#batch,
      queries: q.value.length / width / this.#batch,
      keys: k.value.length / width / this.#batch,
      width,
      heads,
    });
    return this.#linear(`${name}.out_proj`, mixed, width, streamWidth, { residual });
  }

  /** `x + Linear(GELU(Linear(LN(x))))`, `ratio` times as wide inside. */
  #feedForward(
    name: string,
    x: Variable,
    width: number,
    ratio: number,
    residual: Variable | undefined,
    drops = false,
  ): Variable {
    const normed = this.#norm(`${name}.0`, x);
    const hidden = this.#linear(`${name}.1`, normed, width, ratio * width, { act: "gelu" });
    const { units = 0 } = drops ? this.input.drop ?? {} : {};
    const kept = units === 0
      ? hidden
      : this.#tape.scale(hidden, this.#factors(units, hidden.value.length / this.#batch));
    return this.#linear(`${name}.3`, kept, ratio * width, width, { residual });
  }

  #norm(name: string, x: Variable): Variable {
    const [weight, bias] = [this.#param(`${name}.weight`), this.#param(`${name}.bias`)];
    return this.#tape.layerNorm(x, weight, bias, this.#paper ? 1e-6 : 1e-5);
  }

  #linear(
    name: string,
    x: Variable,
    inputs: number,
    outputs: number,
    options: { act?: Activation; residual?: Variable } = {},
  ): Variable {
    const shape = { rows: x.value.length / inputs, inputs, outputs };
    const weight = this.#param(`${name}.weight`);
    return this.#tape.linear(x, weight, this.#param(`${name}.bias`), shape, options);
  }

  #param(name: string): Variable {
    let found = this.#used.get(name);
    if (found === undefined) {
      const value = this.params.get(name);
      if (value === undefined) throw new Error(`No parameter ${name}`);
      this.#used.set(name, found = variable(value));
    }
    return found;
  }
}
