// Names, shapes, places and first values of all parameters.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { completeConfig, type RinConfig } from "../../src/model/config.ts";
import { initialize } from "../../src/model/initialize.ts";
import {
  countParameters,
  parameterLayout,
  type PlacedParameter,
} from "../../src/model/parameters.ts";
import { Weights } from "../../src/model/weights.ts";
import { assertSameBits, largest } from "../helpers/close.ts";
import { parameterShapes, readGolden } from "../helpers/golden.ts";

const README: Partial<RinConfig> = {
  imageSize: 64,
  patchSize: 8,
  latentDim: 256,
  interfaceDim: 128,
  numLatents: 64,
};
const DEMO: Partial<RinConfig> = { patchSize: 4, interfaceDim: 64, numLatents: 32 };
const CONFIGS: Record<string, Partial<RinConfig>> = {
  faces: {},
  demo: DEMO,
  readme: README,
  gray: { ...DEMO, channels: 1 },
  opacity: { ...DEMO, channels: 4, frames: 4, patchFrames: 2 },
  odd: {
    imageSize: 15,
    patchSize: 5,
    latentDim: 9,
    interfaceDim: 21,
    numLatents: 7,
    numBlocks: 3,
    blockDepth: 2,
    numHeads: 3,
  },
};

const layoutOf = (config: Partial<RinConfig>) => parameterLayout(completeConfig(config));

for (const name of ["A_tiny", "B_odd"]) {
  Deno.test(`parameterLayout() has the names and shapes of the PyTorch state_dict: ${name}`, () => {
    const golden = readGolden(name);
    const wanted = [...golden.parameters().keys()].map((parameter) =>
      [parameter, golden.tensor(parameter).shape] as const
    );
    const found = parameterLayout(completeConfig(golden.config())).parameters;
    assertEquals(
      new Map(found.map(({ name, shape }) => [name, [...shape]])),
      new Map(wanted),
    );
  });
}

Deno.test("parameterLayout() has the names and shapes of the PyTorch modules in other configs", () => {
  for (const config of Object.values(CONFIGS)) {
    const full = completeConfig(config);
    const found = parameterLayout(full).parameters.map(({ name, shape }) =>
      [name, [...shape]] as const
    );
    assertEquals(new Map(found), parameterShapes(full));
  }
});

Deno.test("countParameters() gives the sizes of the known configs", () => {
  const count = (config: Partial<RinConfig>) => countParameters(completeConfig(config));
  // As PyTorch counts them; 1.29, 0.94 and 3.73 million.
  const counts = Object.fromEntries(
    Object.entries({ faces: {}, demo: DEMO, readme: README }).map(([name, config]) => {
      const shapes = [...parameterShapes(completeConfig(config)).values()];
      return [name, shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0)];
    }),
  );
  assertEquals(counts, { faces: count({}), demo: count(DEMO), readme: count(README) });
  const millions = Object.values(counts).map((value) => (value / 1e6).toFixed(2));
  assertEquals(millions, ["1.29", "0.94", "3.73"]);
});

Deno.test("parameterLayout() keeps parameters apart, matrices first, groups at 256 bytes", () => {
  for (const [name, config] of Object.entries(CONFIGS)) {
    const { parameters, size, matrices } = layoutOf(config);
    let end = 0;
    for (const parameter of parameters) {
      assert(parameter.offset >= end, `${name}: ${parameter.name} overlaps`);
      assert(parameter.offset - end < 64, `${name}: a gap before ${parameter.name}`);
      assertEquals(parameter.size, parameter.shape.reduce((a, b) => a * b, 1));
      const matrix = parameter.name.endsWith("weight") && parameter.shape.length === 2;
      assertEquals(parameter.offset < matrices, matrix, `${name}: ${parameter.name}`);
      const second = /v_proj_weight$|(norm|norm\.\d+|mlp(\.\d+)?\.0)\.bias$/.test(parameter.name) &&
        !parameter.name.startsWith("latent_initializer.mlp") &&
        !parameter.name.startsWith("time_conditioner");
      if (!second) assertEquals(parameter.offset % 64, 0, `${name}: ${parameter.name}`);
      end = parameter.offset + parameter.size;
    }
    assert(size % 64 === 0 && matrices % 64 === 0 && size >= end && size - end < 64, name);
  }
});

Deno.test("parameterLayout() puts k and v weights, and a norm's weight and bias, side by side", () => {
  for (const config of Object.values(CONFIGS)) {
    const { parameters } = layoutOf(config);
    const places = new Map(parameters.map((parameter) => [parameter.name, parameter]));
    const follows = (first: PlacedParameter, second: string) =>
      assertEquals(places.get(second)?.offset, first.offset + first.size, second);
    let pairs = 0;
    for (const parameter of parameters) {
      const { name } = parameter;
      if (name.endsWith("k_proj_weight")) follows(parameter, name.replace("k_proj", "v_proj"));
      else if (/norm(\.\d+)?\.weight$/.test(name) || /_mlp(\.\d+)?\.0\.weight$/.test(name)) {
        if (name.startsWith("time_conditioner")) continue;
        follows(parameter, name.replace(/weight$/, "bias"));
      } else continue;
      pairs++;
    }
    assert(pairs > 10);
  }
});

Deno.test("Weights finds parameters by name, as windows onto the slabs", () => {
  const layout = layoutOf(DEMO);
  const [values, gradients] = [{ name: "w", bytes: 4 }, { name: "g", bytes: 4 }];
  const weights = new Weights(layout, values, gradients);
  const place = (name: string) => layout.parameters.find((parameter) => parameter.name === name)!;
  const name = "blocks.1.read_attention.k_proj_weight";
  const both = weights.get(name, [256, 64]);
  assertEquals([both.offset, both.size, both.tracked], [place(name).offset, 256 * 64, true]);
  assertEquals([both.gradient!.storage, both.gradient!.offset], [gradients, both.offset]);
  const norm = weights.norm("layer_norm");
  assertEquals([norm.shape, norm.offset], [[2, 64], place("layer_norm.weight").offset]);
  assertEquals(weights.linear("readout").bias.offset, place("readout.bias").offset);
  assert(weights.has("readout.bias") && !weights.has("readout"));
  assertThrows(() => weights.get("readout"), RangeError, 'There is no parameter "readout"');
  const fixed = new Weights(layout, values).get(name);
  assertEquals([fixed.tracked, fixed.gradient], [false, undefined]);
});

/** The bound that PyTorch draws a parameter's uniform values from; undefined for others. */
function torchBound(name: string, shape: readonly number[]): number | undefined {
  const [rows, columns] = shape;
  // torch.nn.init.xavier_uniform_ of MultiheadAttention's projections.
  if (/(in|q|k|v)_proj_weight$/.test(name)) return Math.sqrt(6 / (rows + columns));
  if (name.endsWith("in_proj_bias") || name.endsWith("out_proj.bias")) return undefined;
  if (shape.length === 2) return 1 / Math.sqrt(columns);
  return NaN; // a bias: by its weight's width
}

Deno.test("initialize() draws like PyTorch", () => {
  const layout = layoutOf(README);
  const slab = initialize(layout, 5);
  const places = new Map(layout.parameters.map((parameter) => [parameter.name, parameter]));
  let checked = 0;
  for (const { name, shape, offset, size } of layout.parameters) {
    const values = slab.subarray(offset, offset + size);
    const mean = values.reduce((sum, value) => sum + value, 0) / size;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size);
    const all = (wanted: number) => assert(values.every((v) => v === wanted), `${name}: ${wanted}`);
    const isNorm = /norm(\.\d+)?\.(weight|bias)$|blocks.*_mlp(\.\d+)?\.0\.(weight|bias)$/.test(
      name,
    );
    if (name.startsWith("latent_initializer.layer_norm")) all(0);
    else if (isNorm) all(name.endsWith("weight") ? 1 : 0);
    else if (/in_proj_bias$|out_proj\.bias$/.test(name)) all(0);
    else if (/pos_embed$|Z_init$/.test(name)) {
      assert(Math.abs(mean) < 5 / Math.sqrt(size), `${name}: mean ${mean}`);
      assert(Math.abs(deviation - 1) < 5 / Math.sqrt(2 * size), `${name}: ${deviation}`);
      assert(largest(values) > 3, `${name}: normals have tails`);
    } else {
      const own = torchBound(name, shape)!;
      const weight = places.get(name.replace(/bias$/, "weight"))!;
      const bound = Number.isNaN(own) ? 1 / Math.sqrt(weight.shape[1]) : own;
      assert(largest(values) <= bound * (1 + 1e-6), `${name}: ${largest(values)} > ${bound}`);
      assert(largest(values) > bound * (1 - 10 / size), `${name}: the bound is ${bound}`);
      const uniform = bound / Math.sqrt(3);
      assert(Math.abs(mean) < 5 * uniform / Math.sqrt(size), `${name}: mean ${mean}`);
      assert(
        Math.abs(deviation - uniform) < 5 * uniform / Math.sqrt(size),
        `${name}: ${deviation}`,
      );
      checked++;
    }
  }
  assert(checked > 40, `${checked} uniform parameters`);
});

const PAPER: Partial<RinConfig> = {
  ...{ layers: "paper", imageSize: 16, patchSize: 4, latentDim: 48, interfaceDim: 32 },
  ...{ numLatents: 130, numHeads: 6, readWriteHeads: 4, timeConditioning: "token", numClasses: 70 },
  ...{ selfConditioning: "both", interfaceMlpRatio: 2 },
};

/** Keras's `compute_fans`: all axes of a kernel but the last two are pixels of a window. */
function kerasBound(...kernel: number[]): number {
  const [inputs, outputs] = kernel.slice(-2);
  const window = kernel.slice(0, -2).reduce((a, b) => a * b, 1);
  return Math.sqrt(6 / (window * (inputs + outputs)));
}

/** The bound of a weight of {@linkcode PAPER}, from the kernel that Keras has in its place. */
function paperBound(name: string, [rows, columns]: readonly number[]): number {
  if (name === "tokenizer.linear.weight") return kerasBound(4, 4, 3, rows);
  if (name === "class_conditioner.class_embed") return kerasBound(rows, columns);
  const heads = name.includes("compute_attention") ? 6 : 4;
  if (/(q|k|v)_proj_weight$/.test(name)) return kerasBound(columns, heads, rows / heads);
  if (name.endsWith("out_proj.weight")) return kerasBound(heads, columns / heads, rows);
  return kerasBound(columns, rows);
}

Deno.test("initialize() draws like Keras for the paper's layers", () => {
  const layout = layoutOf(PAPER);
  const slab = initialize(layout, 5);
  for (const { name, shape, offset, size } of layout.parameters) {
    const values = slab.subarray(offset, offset + size);
    if (shape.length === 1) {
      const isGain = /norm(\.\d+)?\.weight$|_mlp(\.\d+)?\.0\.weight$|r\.mlp\.0\.weight$/.test(name);
      const wanted = isGain && !/initializer\.layer_norm/.test(name) ? 1 : 0;
      assert(values.every((value) => value === wanted), `${name}: ${values[0]}, not ${wanted}`);
    } else if (shape.length === 3) {
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / size);
      // Of a normal cut at two deviations: 0.8796 of its own.
      assert(
        Math.abs(deviation / 0.02 - 0.8796) < 5 / Math.sqrt(2 * size),
        `${name}: ${deviation}`,
      );
      assert(largest(values) <= 0.04 && largest(values) > 0.036, `${name}: ${largest(values)}`);
    } else {
      const bound = paperBound(name, shape);
      assert(largest(values) <= bound * (1 + 1e-6), `${name}: ${largest(values)} > ${bound}`);
      assert(largest(values) > bound * (1 - 12 / size), `${name}: ${largest(values)} of ${bound}`);
    }
  }
});

Deno.test("parameterLayout() of the paper's layers decays all but biases and norms, with q, k, v apart", () => {
  const { parameters, matrices } = layoutOf(PAPER);
  for (const { name, shape, offset } of parameters) {
    assertEquals(offset < matrices, shape.length > 1, name);
  }
  const of = (part: string) =>
    parameters.find(({ name }) => name === `blocks.0.compute_attention.0.${part}_proj_weight`)!;
  const [q, k, v] = ["q", "k", "v"].map(of);
  assertEquals([k.offset - q.offset, v.offset - k.offset, v.size], [q.size, q.size, q.size]);
  assert(parameters.every(({ name }) => !name.endsWith("in_proj_weight")));
});

Deno.test("initialize() depends on the seed and the name alone", () => {
  const [small, large] = [layoutOf({}), layoutOf({ numBlocks: 3 })];
  const values = (layout: typeof small, seed: number, name: string) => {
    const { offset, size } = layout.parameters.find((parameter) => parameter.name === name)!;
    return initialize(layout, seed).slice(offset, offset + size);
  };
  const name = "blocks.1.write_mlp.1.weight";
  assertSameBits(name, values(small, 3, name), values(large, 3, name));
  const different = (a: Float32Array, b: Float32Array) =>
    assert(a.filter((value, i) => value === b[i]).length < a.length / 100);
  different(values(small, 3, name), values(small, 4, name));
  different(values(small, 3, name), values(small, 3, name.replace("write", "read")));
  const used = new Uint8Array(small.size);
  for (const { offset, size } of small.parameters) used.fill(1, offset, offset + size);
  assert(initialize(small, 3).every((value, i) => used[i] || value === 0), "padding is zero");
});
