// Float64 reference of google-research/pix2seq's `ImageTapeDenoiser` (architectures/tape.py), forward:
// on its own variables, by its own names and layouts (images are (B, row, column, channel), kernels
// (inputs, outputs)), and with nothing of the other references but erf.

import { erf } from "./activation.ts";

/** What its config says; `num_layers` as a list. */
export interface Pix2seqConfig {
  image_size: number;
  patch_size: number;
  num_layers: readonly number[];
  latent_slots: number;
  latent_dim: number;
  latent_num_heads: number;
  latent_mlp_ratio: number;
  tape_dim: number;
  tape_mlp_ratio: number;
  rw_num_heads: number;
  tape_pos_encoding: "learned" | "sin_cos";
  self_cond: "latent" | "tape" | "latent+tape";
  num_classes: number;
}

/** A variable: its shape and numbers. */
export interface Pix2seqVariable {
  shape: readonly number[];
  data: Float64Array;
}

const suffix = (i: number) => i === 0 ? "" : `_${i}`;

/** Names and shapes of all variables, with `time_on_latent` and `cond_on_latent`. */
export function pix2seqShapes(config: Pix2seqConfig): Map<string, readonly number[]> {
  const { latent_dim: dz, tape_dim: dx, patch_size: p } = config;
  const shapes = new Map<string, readonly number[]>();
  const add = (name: string, ...shape: number[]) => shapes.set(`tape/${name}`, shape);
  const dense = (name: string, inputs: number, outputs: number) => {
    add(`${name}/kernel`, inputs, outputs);
    add(`${name}/bias`, outputs);
  };
  const norm = (name: string, width: number) => {
    add(`${name}/gamma`, width);
    add(`${name}/beta`, width);
  };
  const mlp = (name: string, width: number, ratio: number) => {
    norm(`${name}/ffn/ln`, width);
    dense(`${name}/ffn/dense1`, width, ratio * width);
    dense(`${name}/ffn/dense2`, ratio * width, width);
  };
  const mha = (name: string, stream: number, context: number, heads: number, width: number) => {
    const each = [heads, width / heads];
    for (const [part, inputs] of [["query", stream], ["key", context], ["value", context]]) {
      add(`${name}/${part}/kernel`, Number(inputs), ...each);
      add(`${name}/${part}/bias`, ...each);
    }
    add(`${name}/attention_output/kernel`, ...each, stream);
    add(`${name}/attention_output/bias`, stream);
  };
  const decoder = (name: string, stream: number, context: number, ratio: number) => {
    const layer = `${name}/transformer_decoder_layer`;
    norm(`${layer}/cross_mha/ln`, stream);
    mha(`${layer}/cross_mha`, stream, context, config.rw_num_heads, Math.min(dz, dx));
    mlp(`${layer}/mlp`, stream, ratio);
  };
  add("stem/kernel", p, p, 3, dx);
  add("stem/bias", dx);
  norm("stem_ln", dx);
  const tokens = (config.image_size / p) ** 2;
  if (config.tape_pos_encoding === "learned") {
    add("tape_pos_emb/kernel/vis_pos_embedding", tokens, dx);
  }
  const taken = config.num_classes > 0 ? 2 : 1;
  add("latent_pos_emb/kernel/vis_pos_embedding", config.latent_slots - taken, dz);
  if (config.self_cond !== "tape") {
    mlp("latent_prev_proj", dz, config.latent_mlp_ratio);
    norm("latent_prev_ln", dz);
  }
  if (config.self_cond !== "latent") {
    mlp("tape_prev_proj", dx, config.tape_mlp_ratio);
    norm("tape_prev_ln", dx);
  }
  dense("time_emb/dense0", dz / 4, dz);
  dense("time_emb/dense1", dz, dz);
  if (config.num_classes > 0) dense("cond_proj", config.num_classes, dz);
  config.num_layers.forEach((depth, i) => {
    decoder(`read_unit_${i}`, dz, dx, config.latent_mlp_ratio);
    for (let j = 0; j < depth; j++) {
      const layer = `latent_processing_unit${i}/transformer_encoder${suffix(j)}`;
      norm(`${layer}/mha/ln`, dz);
      mha(`${layer}/mha`, dz, dz, config.latent_num_heads, dz);
      mlp(`${layer}/mlp`, dz, config.latent_mlp_ratio);
    }
    decoder(`write_unit_${i}`, dx, dz, config.tape_mlp_ratio);
  });
  norm("output_ln", dx);
  dense("output_linear", dx, 3 * p * p);
  return shapes;
}

/** What goes into it; hiddens that aren't given are zeros. */
export interface Pix2seqInput {
  /** (B, S, S, 3). */
  x: Float64Array;
  /** (B). */
  gamma: readonly number[];
  /** Classes (B), -1 for one that is dropped. */
  labels?: readonly number[];
  latentPrev?: Float64Array;
  tapePrev?: Float64Array;
}

type Matrix = { rows: number; width: number; data: Float64Array };

/** Its output (B, S, S, 3), latents and tape. */
export function pix2seq(
  config: Pix2seqConfig,
  variables: ReadonlyMap<string, Pix2seqVariable>,
  { x, gamma, labels, latentPrev, tapePrev }: Pix2seqInput,
): { output: Float64Array; latent: Float64Array; tape: Float64Array } {
  const { latent_dim: dz, tape_dim: dx, image_size: size, patch_size: p } = config;
  const at = (name: string) => variables.get(`tape/${name}`)!.data;
  const of = (
    rows: number,
    width: number,
    value: (row: number, column: number) => number,
  ): Matrix => {
    const data = new Float64Array(rows * width);
    data.forEach((_, i) => data[i] = value(Math.floor(i / width), i % width));
    return { rows, width, data };
  };
  const sum = (a: Matrix, b: Matrix) =>
    of(a.rows, a.width, (r, c) => a.data[r * a.width + c] + b.data[r * b.width + c]);
  const dense = (name: string, a: Matrix): Matrix => {
    const [kernel, bias] = [at(`${name}/kernel`), at(`${name}/bias`)];
    return of(a.rows, bias.length, (r, c) => {
      let total = bias[c];
      for (let i = 0; i < a.width; i++) {
        total += a.data[r * a.width + i] * kernel[i * bias.length + c];
      }
      return total;
    });
  };
  const each = (a: Matrix, change: (value: number) => number): Matrix => ({
    ...a,
    data: a.data.map(change),
  });
  const norm = (name: string, a: Matrix): Matrix => {
    const [scale, center] = [at(`${name}/gamma`), at(`${name}/beta`)];
    const moments = Array.from({ length: a.rows }, (_, r) => {
      const row = a.data.subarray(r * a.width, (r + 1) * a.width);
      const mean = row.reduce((total, v) => total + v, 0) / a.width;
      const variance = row.reduce((total, v) => total + (v - mean) ** 2, 0) / a.width;
      return { mean, root: Math.sqrt(variance + 1e-6) };
    });
    return of(a.rows, a.width, (r, c) => {
      const { mean, root } = moments[r];
      return (a.data[r * a.width + c] - mean) / root * scale[c] + center[c];
    });
  };
  const gelu = (v: number) => v * (1 + erf(v / Math.SQRT2)) / 2;
  const silu = (v: number) => v / (1 + Math.exp(-v));
  const mlp = (name: string, a: Matrix): Matrix => {
    const hidden = each(dense(`${name}/ffn/dense1`, norm(`${name}/ffn/ln`, a)), gelu);
    return sum(a, dense(`${name}/ffn/dense2`, hidden));
  };
  const mha = (name: string, query: Matrix, context: Matrix): Matrix => {
    const [inputs, heads, d] = variables.get(`tape/${name}/query/kernel`)!.shape;
    if (inputs !== query.width) throw new Error(name);
    // (inputs, heads, d) is (inputs, heads d) row by row, and so is (heads, d, outputs).
    const [q, k, v] = [["query", query], ["key", context], ["value", context]].map((
      [part, stream],
    ) => dense(`${name}/${part}`, stream as Matrix));
    const mixed = new Float64Array(q.data.length);
    for (let r = 0; r < q.rows; r++) {
      for (let h = 0; h < heads; h++) {
        const scores = Array.from({ length: k.rows }, (_, s) => {
          let score = 0;
          for (let i = h * d; i < (h + 1) * d; i++) {
            score += q.data[r * q.width + i] / Math.sqrt(d) * k.data[s * k.width + i];
          }
          return score;
        });
        const top = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - top));
        const total = weights.reduce((a, b) => a + b, 0);
        weights.forEach((weight, s) => {
          for (let i = h * d; i < (h + 1) * d; i++) {
            mixed[r * q.width + i] += weight / total * v.data[s * v.width + i];
          }
        });
      }
    }
    return dense(`${name}/attention_output`, { ...q, data: mixed });
  };
  const decoder = (name: string, stream: Matrix, context: Matrix): Matrix => {
    const layer = `${name}/transformer_decoder_layer`;
    const query = norm(`${layer}/cross_mha/ln`, stream);
    return mlp(`${layer}/mlp`, sum(stream, mha(`${layer}/cross_mha`, query, context)));
  };
  const sinCos = (position: number, width: number) => {
    const angle = (i: number) => position / 10000 ** (2 * Math.floor(i / 2) / width);
    const all = Array.from({ length: width }, (_, i) => i);
    return [
      ...all.filter((i) => i % 2 === 0).map((i) => Math.sin(angle(i))),
      ...all.filter((i) => i % 2 === 1).map((i) => Math.cos(angle(i))),
    ];
  };
  const side = size / p;
  const positions = (token: number): ArrayLike<number> => {
    if (config.tape_pos_encoding === "learned") {
      return at("tape_pos_emb/kernel/vis_pos_embedding").subarray(token * dx, (token + 1) * dx);
    }
    const place = [Math.floor(token / side), token % side];
    return place.flatMap((coordinate) => sinCos(coordinate / (side - 1) * 1000, dx / 2));
  };
  const results = gamma.map((level, b) => {
    const pixel = (y: number, column: number, c: number) =>
      x[((b * size + y) * size + column) * 3 + c];
    const patches = of(side * side, p * p * 3, (token, i) => {
      const [py, px, c] = [Math.floor(i / 3 / p), Math.floor(i / 3) % p, i % 3];
      return pixel(Math.floor(token / side) * p + py, token % side * p + px, c);
    });
    // (row, column, channel, outputs) is (pixels of a patch, outputs) row by row.
    const stem = norm("stem_ln", dense("stem", patches));
    let tape: Matrix = sum(stem, of(stem.rows, dx, (token, i) => positions(token)[i]));
    const before = (values: Float64Array | undefined, rows: number, width: number) =>
      of(rows, width, (r, c) => values?.[(b * rows + r) * width + c] ?? 0);
    if (config.self_cond !== "latent") {
      const previous = mlp("tape_prev_proj", before(tapePrev, tape.rows, dx));
      tape = sum(tape, norm("tape_prev_ln", previous));
    }
    const code = sinCos(level * 1000, dz / 4);
    const mean = code.reduce((a, v) => a + v, 0) / code.length;
    const deviation = Math.sqrt(code.reduce((a, v) => a + (v - mean) ** 2, 0) / code.length);
    const time = dense(
      "time_emb/dense1",
      each(
        dense("time_emb/dense0", of(1, dz / 4, (_, i) => (code[i] - mean) / deviation)),
        silu,
      ),
    );
    const own = at("latent_pos_emb/kernel/vis_pos_embedding");
    const tokens = [...own, ...time.data];
    if (config.num_classes > 0) {
      const label = labels?.[b] ?? -1;
      const hot = of(1, config.num_classes, (_, c) => c === label ? 1 : 0);
      tokens.push(...dense("cond_proj", hot).data);
    }
    let latent: Matrix = {
      rows: config.latent_slots,
      width: dz,
      data: Float64Array.from(tokens),
    };
    if (config.self_cond !== "tape") {
      const previous = mlp("latent_prev_proj", before(latentPrev, latent.rows, dz));
      latent = sum(latent, norm("latent_prev_ln", previous));
    }
    config.num_layers.forEach((depth, i) => {
      latent = decoder(`read_unit_${i}`, latent, tape);
      for (let j = 0; j < depth; j++) {
        const layer = `latent_processing_unit${i}/transformer_encoder${suffix(j)}`;
        const normed = norm(`${layer}/mha/ln`, latent);
        latent = mlp(`${layer}/mlp`, sum(latent, mha(`${layer}/mha`, normed, normed)));
      }
      tape = decoder(`write_unit_${i}`, tape, latent);
    });
    const read = dense("output_linear", norm("output_ln", tape));
    const output = Array.from({ length: size * size * 3 }, (_, i) => {
      const [y, column, c] = [Math.floor(i / 3 / size), Math.floor(i / 3) % size, i % 3];
      const token = Math.floor(y / p) * side + Math.floor(column / p);
      return read.data[token * read.width + ((y % p) * p + column % p) * 3 + c];
    });
    return { output, latent: latent.data, tape: tape.data };
  });
  const joined = (key: "output" | "latent" | "tape") =>
    Float64Array.from(results.flatMap((result) => [...result[key]]));
  return { output: joined("output"), latent: joined("latent"), tape: joined("tape") };
}
