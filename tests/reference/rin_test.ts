import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { parameterShapes } from "../helpers/golden.ts";
import { dot, largest, largestDifference, randomArray } from "./finite_difference.ts";
import { type Parameters, rin, type RinReferenceConfig, type RinReferenceInput } from "./rin.ts";

const CONFIG: RinReferenceConfig = {
  imageSize: 6,
  patchSize: 2,
  latentDim: 6,
  interfaceDim: 9,
  numLatents: 5,
  numBlocks: 2,
  blockDepth: 2,
  numHeads: 3,
};

function randomParameters(config: RinReferenceConfig): Parameters {
  let stream = 100;
  return new Map([...parameterShapes(config)].map(([name, shape]) => {
    const scale = shape.length > 1 ? 1 / Math.sqrt(shape[shape.length - 1]) : 1;
    const size = shape.reduce((a, b) => a * b, 1);
    return [name, randomArray(size, stream++).map((value) => value * scale)];
  }));
}

function randomInput(config: RinReferenceConfig, batch: number): RinReferenceInput {
  return {
    x: randomArray(batch * 3 * (config.frames ?? 1) * Number(config.imageSize) ** 2, 70),
    t: Float64Array.from({ length: batch }, (_, i) => (i + 0.3) / batch),
    zPrev: randomArray(batch * config.numLatents * config.latentDim, 71),
  };
}

/** Compares each parameter's gradient, along two random directions, with central differences. */
function checkNetwork(
  config: RinReferenceConfig,
  input: RinReferenceInput,
  unused: RegExp | null,
): void {
  const params = randomParameters(config);
  const out = rin(config, params, input);
  const weights = randomArray(out.prediction.length, 72);
  const gradients = out.backward(weights);
  assertEquals([...gradients.keys()], [...params.keys()]);
  const loss = () => dot(weights, rin(config, params, input).prediction);
  const step = 1e-5;
  let stream = 300;
  for (const [name, value] of params) {
    const gradient = gradients.get(name)!;
    if (unused?.test(name)) {
      assertEquals(largest(gradient), 0, name);
      continue;
    }
    for (let k = 0; k < 2; k++) {
      const direction = randomArray(value.length, stream++);
      const start = value.slice();
      const moved = (by: number) => {
        for (let i = 0; i < value.length; i++) value[i] = start[i] + by * direction[i];
        return loss();
      };
      const numeric = (moved(step) - moved(-step)) / (2 * step);
      value.set(start);
      const size = largest(gradient) * Math.sqrt(value.length);
      assert(size > 0, `${name} has no gradient`);
      const error = Math.abs(dot(direction, gradient) - numeric);
      assert(error <= 1e-6 * size, `${name} is off by ${error}, size ${size}`);
    }
  }
}

const INITIALIZER = /^latent_initializer\.(?!Z_init)/;

Deno.test("rin() has a gradient of every parameter that agrees with finite differences", () => {
  checkNetwork(CONFIG, randomInput(CONFIG, 2), null);
});

Deno.test("rin() has such gradients with equal widths, where the projections are packed", () => {
  const config = { ...CONFIG, latentDim: 6, interfaceDim: 6, numBlocks: 1, blockDepth: 1 };
  assert(parameterShapes(config).has("blocks.0.write_attention.in_proj_weight"));
  checkNetwork(config, randomInput(config, 2), null);
});

Deno.test("rin() has such gradients with a mask, and without Z_prev", () => {
  const config = { ...CONFIG, numBlocks: 1, blockDepth: 1 };
  const input = randomInput(config, 3);
  checkNetwork(config, { ...input, mask: [1, 0, 1] }, null);
  checkNetwork(config, { ...input, mask: [0, 0, 0] }, INITIALIZER);
  checkNetwork(config, { ...input, zPrev: undefined }, INITIALIZER);
});

const PAPER: RinReferenceConfig = {
  ...{ imageSize: 4, patchSize: 2, latentDim: 12, interfaceDim: 6, numLatents: 4, numBlocks: 2 },
  ...{ blockDepth: [1, 2], numHeads: 4, readWriteHeads: 3, latentMlpRatio: 2 },
  ...{ interfaceMlpRatio: 1, timeConditioning: "token", numClasses: 2 },
  ...{ selfConditioning: "both", positions: "sincos" },
};

Deno.test("rin() has such gradients with the paper's options, and dropped units and branches", () => {
  const input = {
    ...randomInput(PAPER, 3),
    xPrev: randomArray(3 * 4 * PAPER.interfaceDim, 73),
    labels: [2, 0, 1],
    drop: { units: 0.3, path: 0.2, seed: 5 },
  };
  checkNetwork(PAPER, input, null);
  const added = { ...PAPER, timeConditioning: "add", selfConditioning: "interface" } as const;
  checkNetwork(added, { ...input, zPrev: undefined }, null);
});

Deno.test("rin() has such gradients with the paper's layers, warm, cold, and mixed", () => {
  const base = { ...PAPER, layers: "paper" } as const;
  const input = { ...randomInput(base, 3), labels: [2, 0, 1] };
  const xPrev = randomArray(3 * 4 * base.interfaceDim, 73);
  // The inner norm's weight has nothing to scale where every stream is zero.
  const cold = /_initializer\.mlp\.0\.weight$/;
  checkNetwork(base, { ...input, xPrev, mask: [1, 0, 1] }, null);
  checkNetwork(base, { ...input, zPrev: undefined }, cold);
  const narrow = { ...base, latentDim: 6, interfaceDim: 12, positions: "stretched" } as const;
  const other = { ...randomInput(narrow, 2), labels: [1, 2] };
  checkNetwork({ ...narrow, numHeads: 3 }, other, /interface_initializer\.mlp\.0\.weight$/);
});

Deno.test("rin() has such gradients for clips", () => {
  const clips = { ...CONFIG, frames: 4, patchFrames: 2, imageSize: 4 };
  checkNetwork(clips, randomInput(clips, 2), null);
  const fixed = { ...clips, positions: "sincos", interfaceDim: 12 } as const;
  checkNetwork(fixed, randomInput(fixed, 2), null);
});

Deno.test("rin() chooses by mask, example by example, between warm and cold", () => {
  const params = randomParameters(CONFIG);
  const input = randomInput(CONFIG, 3);
  const warm = rin(CONFIG, params, input).prediction;
  const cold = rin(CONFIG, params, { ...input, zPrev: undefined }).prediction;
  const mixed = rin(CONFIG, params, { ...input, mask: [0, 1, 0] }).prediction;
  const each = warm.length / 3;
  for (const b of [0, 1, 2]) {
    const part = (values: Float64Array) => values.slice(b * each, (b + 1) * each);
    assertEquals(part(mixed), part(b === 1 ? warm : cold));
    assert(largestDifference(part(warm), part(cold)) > 1e-3);
  }
});

Deno.test("rin() gives an example the same result in any batch", () => {
  const params = randomParameters(CONFIG);
  const input = randomInput(CONFIG, 2);
  const both = rin(CONFIG, params, input).prediction;
  const each = both.length / 2;
  const alone = rin(CONFIG, params, {
    x: input.x.slice(each),
    t: input.t.slice(1),
    zPrev: input.zPrev!.slice(input.zPrev!.length / 2),
  });
  assertEquals(alone.prediction, both.slice(each));
});

Deno.test("rin() ignores Z_prev while its layer norm is zero", () => {
  const params = randomParameters(CONFIG);
  params.get("latent_initializer.layer_norm.weight")!.fill(0);
  params.get("latent_initializer.layer_norm.bias")!.fill(0);
  const input = randomInput(CONFIG, 2);
  const warm = rin(CONFIG, params, input);
  const cold = rin(CONFIG, params, { ...input, zPrev: undefined });
  assertAlmostEquals(largestDifference(warm.prediction, cold.prediction), 0, 1e-14);
});
