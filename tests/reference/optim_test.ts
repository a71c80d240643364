import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { readGolden } from "../helpers/golden.ts";
import { meanSquaredError } from "./diffusion.ts";
import { largestDifference } from "./finite_difference.ts";
import { adamwStep, clipGlobalNorm, emaUpdate, globalNorm, lambStep } from "./optim.ts";
import { rin } from "./rin.ts";

const SETTINGS = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 1e-2 };

/** The middle third of in_proj_bias: its gradient is rounding noise, which Adam makes steps of lr. */
function withoutKeyBias(name: string, values: Float64Array): Float64Array {
  if (!name.endsWith("in_proj_bias")) return values;
  const third = values.length / 3;
  return Float64Array.of(...values.slice(0, third), ...values.slice(2 * third));
}

/** Steps of AdamW on the golden batch; `seen` gets the parameters and the loss before each step. */
function trainOnGoldenBatch(warm: boolean, steps: number) {
  const tiny = readGolden("A_tiny");
  const params = tiny.parameters();
  const moments = new Map([...params].map(([name, value]) => {
    return [name, [new Float64Array(value.length), new Float64Array(value.length)]];
  }));
  const input = {
    x: tiny.f64("in.xt"),
    t: tiny.f64("in.t"),
    zPrev: warm ? tiny.f64("in.Z_prev") : undefined,
  };
  const losses: number[] = [];
  const after: Map<string, Float64Array>[] = [];
  const run = () => {
    const out = rin(tiny.config(), params, input);
    const { loss, gradient } = meanSquaredError(out.prediction, tiny.f64("in.noise"));
    losses.push(loss);
    return { out, gradient };
  };
  for (let step = 1; step <= steps; step++) {
    const { out, gradient } = run();
    for (const [name, grad] of out.backward(gradient)) {
      // PyTorch leaves a parameter that took no part alone, without decay.
      const unused = !warm && /^latent_initializer\.(?!Z_init)/.test(name);
      if (unused) continue;
      const [m, v] = moments.get(name)!;
      adamwStep(params.get(name)!, grad, m, v, { ...SETTINGS, step });
    }
    after.push(new Map([...params].map(([name, value]) => [name, value.slice()])));
  }
  return { losses, after, last: run().out.prediction, count: params.size };
}

function compare(
  after: Map<string, Float64Array>,
  expected: Map<string, Float64Array>,
  tolerance: number,
): void {
  assertEquals(expected.size, after.size);
  for (const [name, value] of after) {
    const error = largestDifference(
      withoutKeyBias(name, value),
      withoutKeyBias(name, expected.get(name)!),
    );
    assert(error <= tolerance, `${name} is off by ${error}`);
  }
}

Deno.test("adamw() agrees with three golden steps", () => {
  const golden = readGolden("A_adamw");
  const { losses, after, last } = trainOnGoldenBatch(true, 3);
  assert(largestDifference(losses, golden.f64("losses")) < 2e-6, `losses ${losses}`);
  for (const [i, params] of after.entries()) {
    compare(params, golden.withPrefix(`step${i + 1}.`), 1e-5);
  }
  compare(after[2], golden.withPrefix("f64.step3."), 2e-7);
  assert(largestDifference(last, golden.f64("noise_pred_after")) < 2e-5);
  assert(largestDifference(last, golden.f64("noise_pred_after_f64")) < 1e-6);
});

Deno.test("adamw() leaves unused parameters alone without Z_prev, like the golden step", () => {
  const golden = readGolden("A_adamw");
  const { losses, after } = trainOnGoldenBatch(false, 1);
  assertAlmostEquals(losses[0], golden.f64("cold.losses")[0], 2e-6);
  compare(after[0], golden.withPrefix("cold.step1."), 1e-5);
});

Deno.test("adamw() makes a first step of the size of lr, besides the decay", () => {
  const p = Float64Array.of(2, -4);
  const zero = () => new Float64Array(2);
  adamwStep(p, Float64Array.of(3, -0.5), zero(), zero(), { ...SETTINGS, lr: 0.1, step: 1 });
  assertAlmostEquals(p[0], 2 * (1 - 1e-3) - 0.1, 1e-8);
  assertAlmostEquals(p[1], -4 * (1 - 1e-3) + 0.1, 1e-8);
});

Deno.test("lamb() agrees with three steps of the same in numpy", () => {
  const tensors = [
    { values: Float64Array.of(1, -2, 0.5, 0.25), adapted: true },
    { values: Float64Array.of(0.1, -0.3), adapted: false },
  ];
  const gradients = [
    [[0.1, 0.2, -0.3, 0], [1, -0.5]],
    [[-0.4, 0.1, 0.05, 0.02], [0.2, 0.2]],
    [[0.3, -0.6, 0.1, -0.1], [-0.7, 0.05]],
  ];
  const wanted = [
    [0.971776502538052, -2.073539491269528, 0.6461396023875132, 0.28208224948776706],
    [0.002354544681353328, -0.22237512796493197],
  ];
  const moments = tensors.map(({ values }) => [0, 1].map(() => new Float64Array(values.length)));
  gradients.forEach((of, step) =>
    tensors.forEach(({ values, adapted }, i) =>
      lambStep(values, Float64Array.from(of[i]), moments[i][0], moments[i][1], {
        ...SETTINGS,
        lr: 0.05,
        eps: 1e-6,
        step: step + 1,
        adapted,
      })
    )
  );
  tensors.forEach(({ values }, i) => assert(largestDifference(values, wanted[i]) < 1e-15));
});

Deno.test("clip() scales all gradients by one factor, and only if they are too large", () => {
  const [a, b] = [Float64Array.of(3, 0), Float64Array.of(0, 4)];
  assertEquals(clipGlobalNorm([a, b], 10), 5);
  assertEquals([...a, ...b], [3, 0, 0, 4]);
  assertEquals(clipGlobalNorm([a, b], 1), 5);
  assertAlmostEquals(globalNorm([a, b]), 5 / (5 + 1e-6), 1e-15);
  assertAlmostEquals(a[0], 3 / (5 + 1e-6), 1e-15);
});

Deno.test("the moving average keeps the share that the decay says", () => {
  const average = Float64Array.of(1, 2);
  emaUpdate(average, Float64Array.of(3, -2), 0.75);
  assertEquals(average, Float64Array.of(1.5, 1));
});
