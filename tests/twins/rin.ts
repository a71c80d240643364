// Float64 twin of the whole network (DESIGN, section 3), with the gradient of every parameter.

import type { Activation } from "./activation.ts";
import { depatchify, patchify, type PatchShape } from "./patches.ts";
import { Tape, type Variable, variable, view } from "./tape.ts";

/** Sizes of the network, as in the original's config. */
export interface RinTwinConfig {
  imageSize: number;
  patchSize: number;
  latentDim: number;
  interfaceDim: number;
  numLatents: number;
  numBlocks: number;
  blockDepth: number;
  numHeads: number;
}

/** Parameters, or their gradients, by state_dict name. */
export type Parameters = Map<string, Float64Array>;

/** What goes into the network. */
export interface RinTwinInput {
  /** Noisy images (B, 3, S, S). */
  x: Float64Array;
  /** Times (B) in [0, 1]. */
  t: Float64Array;
  /** Latents of an earlier pass (B, M, Dz). */
  zPrev?: Float64Array;
  /** For each example: 1 to start from zPrev, 0 from Z_init alone. All 1 unless given. */
  mask?: ArrayLike<number>;
}

/** What comes out, and the way back. */
export interface RinTwinOutput {
  /** Prediction (B, 3, S, S). */
  prediction: Float64Array;
  /** Latents (B, M, Dz). */
  z: Float64Array;
  /** Intermediates under the names of the golden files (`X_tokens`, `block0.Z`, ...). */
  mid: Map<string, Float64Array>;
  /** Gradients of `sum(dprediction * prediction)`; call it once. Unused parameters get zeros. */
  backward(dprediction: Float64Array): Parameters;
}

const CHANNELS = 3;
const TIME_WIDTH = 128;

/** Runs the network. */
export function rin(config: RinTwinConfig, params: Parameters, input: RinTwinInput): RinTwinOutput {
  return new Network(config, params, input).run();
}

class Network {
  readonly #tape = new Tape();
  readonly #used = new Map<string, Variable>();
  readonly #batch: number;

  constructor(
    readonly config: RinTwinConfig,
    readonly params: Parameters,
    readonly input: RinTwinInput,
  ) {
    this.#batch = input.t.length;
  }

  run(): RinTwinOutput {
    const { imageSize, patchSize, interfaceDim, numBlocks } = this.config;
    const shape: PatchShape = {
      batch: this.#batch,
      channels: CHANNELS,
      height: imageSize,
      width: imageSize,
      patch: patchSize,
    };
    const mid = new Map<string, Float64Array>();
    let x = this.#tokens(patchify(this.input.x, shape));
    mid.set("X_tokens", x.value);
    let z = this.#initialLatents();
    mid.set("Z_init_or_warm", z.value);
    z = this.#tape.add(z, this.#timeEmbedding());
    mid.set("Z_time", z.value);
    for (let i = 0; i < numBlocks; i++) {
      [x, z] = this.#block(`blocks.${i}`, x, z);
      mid.set(`block${i}.Z`, z.value).set(`block${i}.X`, x.value);
    }
    const patchWidth = CHANNELS * patchSize ** 2;
    const patches = this.#linear("readout", this.#norm("layer_norm", x), interfaceDim, patchWidth);
    mid.set("patches_pred", patches.value);
    return {
      prediction: depatchify(patches.value, shape),
      z: z.value,
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
    const { patchSize, interfaceDim } = this.config;
    const projected = this.#linear(
      "tokenizer.linear",
      variable(patches),
      CHANNELS * patchSize ** 2,
      interfaceDim,
    );
    const positions = this.#tape.repeat(this.#param("tokenizer.pos_embed"), this.#batch);
    return this.#tape.add(this.#norm("tokenizer.layer_norm", projected), positions);
  }

  #initialLatents(): Variable {
    const { latentDim: width } = this.config;
    const { zPrev, mask } = this.input;
    const fresh = this.#tape.repeat(this.#param("latent_initializer.Z_init"), this.#batch);
    if (zPrev === undefined) return fresh;
    const before = variable(zPrev);
    const hidden = this.#linear("latent_initializer.mlp.0", before, width, width, { act: "gelu" });
    const sum = this.#linear("latent_initializer.mlp.2", hidden, width, width, {
      residual: before,
    });
    const warm = this.#norm("latent_initializer.layer_norm", sum);
    return this.#tape.add(fresh, mask === undefined ? warm : this.#tape.mask(warm, mask));
  }

  #timeEmbedding(): Variable {
    const { latentDim, numLatents } = this.config;
    const time = variable(this.input.t);
    const mlp = "time_conditioner.time_mlp";
    const hidden = this.#linear(`${mlp}.0`, time, 1, TIME_WIDTH, { act: "silu" });
    const embedding = this.#linear(`${mlp}.2`, hidden, TIME_WIDTH, latentDim);
    return this.#tape.repeatRows(embedding, latentDim, numLatents);
  }

  #block(name: string, x: Variable, z: Variable): [Variable, Variable] {
    const { latentDim: dz, interfaceDim: dx, blockDepth } = this.config;
    z = this.#attention(`${name}.read_attention`, this.#norm(`${name}.read_norm`, z), dz, x, dx, z);
    z = this.#feedForward(`${name}.read_mlp`, z, dz);
    for (let j = 0; j < blockDepth; j++) {
      const n = this.#norm(`${name}.compute_norm.${j}`, z);
      z = this.#attention(`${name}.compute_attention.${j}`, n, dz, n, dz, z);
      z = this.#feedForward(`${name}.compute_mlp.${j}`, z, dz);
    }
    const n = this.#norm(`${name}.write_norm`, x);
    x = this.#attention(`${name}.write_attention`, n, dx, z, dz, x);
    x = this.#feedForward(`${name}.write_mlp`, x, dx);
    return [x, z];
  }

  /** `residual + MHA(q = query, k = v = source)`, with PyTorch's two layouts of the projections. */
  #attention(
    name: string,
    query: Variable,
    width: number,
    source: Variable,
    sourceWidth: number,
    residual: Variable,
  ): Variable {
    const bias = this.#param(`${name}.in_proj_bias`);
    const packed = width === sourceWidth ? this.#param(`${name}.in_proj_weight`) : null;
    const project = (letter: string, part: number, stream: Variable, inputs: number) => {
      const weight = packed === null
        ? this.#param(`${name}.${letter}_proj_weight`)
        : view(packed, part * width * width, (part + 1) * width * width);
      const rows = stream.value.length / inputs;
      const b = view(bias, part * width, (part + 1) * width);
      return this.#tape.linear(stream, weight, b, { rows, inputs, outputs: width });
    };
    const q = project("q", 0, query, width);
    const k = project("k", 1, source, sourceWidth);
    const v = project("v", 2, source, sourceWidth);
    const mixed = this.#tape.attention(q, k, v, {
      batch: this.#batch,
      queries: q.value.length / width / this.#batch,
      keys: k.value.length / width / this.#batch,
      width,
      heads: this.config.numHeads,
    });
    return this.#linear(`${name}.out_proj`, mixed, width, width, { residual });
  }

  /** `x + Linear(GELU(Linear(LN(x))))`, four times as wide inside. */
  #feedForward(name: string, x: Variable, width: number): Variable {
    const normed = this.#norm(`${name}.0`, x);
    const hidden = this.#linear(`${name}.1`, normed, width, 4 * width, { act: "gelu" });
    return this.#linear(`${name}.3`, hidden, 4 * width, width, { residual: x });
  }

  #norm(name: string, x: Variable): Variable {
    return this.#tape.layerNorm(x, this.#param(`${name}.weight`), this.#param(`${name}.bias`));
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
