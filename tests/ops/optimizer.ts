// The end of a training step: the verdict on it, AdamW and the moving average.

import { HISTORY, OPTIMIZER_SCALARS, PARTIALS } from "../../src/graph/ops.ts";
import { data } from "../helpers/close.ts";
import { adamwStep, clipCoefficient, emaUpdate, globalNorm } from "../reference/optim.ts";
import { type Expected, of, type OpCase, type Operand, unwritten } from "./case.ts";

/** The per-step scalars by name. */
export type Scalars = Record<typeof OPTIMIZER_SCALARS[number], number>;

/** Scalars of a first step whose moments need no correction. */
export const BASE: Scalars = {
  lr: 1e-2,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  correction1: 1,
  correction2: 1,
  emaDecay: 0.8,
  clip: 1,
  slot: 0,
};

/** The tensor of the scalars. */
export function pack(scalars: Scalars): Operand {
  return of([...OPTIMIZER_SCALARS.map((name) => scalars[name]), 0, 0]);
}

const SIZE = 100;

function judge(
  title: string,
  loss: Float64Array,
  gradients: Float64Array,
  { clip, slot }: { clip: number; slot: number },
  expected: OpCase["expected"],
  size = SIZE,
): OpCase<"judgeStep"> {
  const partial = Float64Array.from(
    { length: 2 * PARTIALS },
    (_, i) => i % 2 === 1 ? loss[i >> 1] : -5,
  );
  return {
    name: "judgeStep",
    title,
    sizes: { size, count: gradients.length },
    operands: {
      lossPartial: of(partial, PARTIALS, 2),
      gradients: of(gradients),
      scalars: pack({ ...BASE, clip, slot }),
      verdict: unwritten(4),
      history: of(new Float64Array(4 * HISTORY).fill(77), HISTORY, 4),
    },
    expected,
  };
}

const squares = (scale: number) =>
  data(PARTIALS, 70).map((value) => Math.fround(scale * value ** 2));

const verdicts = [{ clip: 1, slot: 0 }, { clip: 1000, slot: HISTORY - 1 }].flatMap((scalars) =>
  [1, 1001, 40_003].map((count) => {
    const [loss, gradients] = [squares(0.3), data(count, 71)];
    const norm = globalNorm([gradients]);
    const mean = loss.reduce((sum, value) => sum + value, 0) / SIZE;
    const values = [clipCoefficient(norm, scalars.clip), 1, mean, norm];
    const tolerance = values.map((value) => 1e-5 * value);
    const history = new Float64Array(4 * HISTORY).fill(77);
    const exact = new Float64Array(4 * HISTORY);
    history.set(values, 4 * scalars.slot);
    exact.set(tolerance, 4 * scalars.slot);
    return judge(`${count}, clip ${scalars.clip}`, loss, gradients, scalars, {
      verdict: { values, tolerance },
      history: { values: history, tolerance: exact },
    });
  })
);

/** A mean over more numbers than 32 bits count. */
const many = ((size: number) => {
  const [loss, gradients] = [squares(0.3), data(10, 71)];
  const mean = loss.reduce((sum, value) => sum + value, 0) / size;
  return judge(`mean over ${size}`, loss, gradients, { clip: 1, slot: 0 }, {
    verdict: { values: [mean], tolerance: 1e-6, of: (found) => [found[2]] },
  }, size);
})(3 * 2 ** 34);

/** Whether the step is finite, in both places. */
function finiteness(finite: 0 | 1): OpCase["expected"] {
  const second = (from: number): Expected => ({
    values: [finite],
    tolerance: 0,
    of: (found) => [found[from + 1]],
  });
  return { verdict: second(0), history: second(20) };
}

const STEP = { clip: 1, slot: 5 };
const COUNT = 40_003;

const spoiled = (["loss", "gradient"] as const).flatMap((which) =>
  [NaN, Infinity, -Infinity].flatMap((bad) =>
    [0, 0.5, 1].map((where) => {
      const arrays = { loss: squares(1), gradient: data(COUNT, 71) };
      const at = Math.round(where * (arrays[which].length - 1));
      arrays[which][at] = bad;
      const title = `${bad} in ${which}[${at}]`;
      return judge(title, arrays.loss, arrays.gradient, STEP, finiteness(0));
    })
  )
);

/** Each of these squares is finite, two together are not. */
const overflows = ([[0, 1], [1, 1], [2, 0]] as const).map(([times, finite]) => {
  const gradients = new Float64Array(COUNT);
  for (let n = 0; n < times; n++) gradients[n * (COUNT - 1)] = Math.fround(1.7e19);
  return judge(`${times} large gradients`, squares(1), gradients, STEP, finiteness(finite));
});

interface Slabs {
  readonly parameters: Float64Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
  readonly average: Float64Array;
}

function adamW(
  title: string,
  slabs: Slabs,
  gradients: Float64Array,
  { verdict, scalars, decayed }: { verdict: number[]; scalars: Scalars; decayed: number },
  wanted: Slabs,
  tolerance: number,
): OpCase<"adamW"> {
  const { parameters, first, second, average } = slabs;
  return {
    name: "adamW",
    title,
    sizes: { size: parameters.length, decayed },
    operands: {
      parameters: of(parameters),
      gradients: of(gradients),
      first: of(first),
      second: of(second),
      average: of(average),
      verdict: of(verdict),
      scalars: pack(scalars),
    },
    expected: Object.fromEntries(
      Object.entries(wanted).map(([role, values]) => [role, { values, tolerance }]),
    ),
  };
}

const copyOf = ({ parameters, first, second, average }: Slabs): Slabs => ({
  parameters: parameters.map(Math.fround),
  first: first.map(Math.fround),
  second: second.map(Math.fround),
  average: average.map(Math.fround),
});

/** Three steps, part of the parameters decayed, gradients clipped. */
const STEPPED = [
  { size: 64, decayed: 24 },
  { size: 320, decayed: 320 },
  { size: 40_004, decayed: 20_000 },
];

const updates = STEPPED.flatMap(({ size, decayed }) => {
  let held: Slabs = {
    parameters: data(size, 72),
    first: new Float64Array(size),
    second: new Float64Array(size),
    average: data(size, 73),
  };
  return [1, 2, 3].map((step) => {
    const gradients = data(size, 73 + step);
    const factor = [1, 0.25, 0.5][step - 1];
    const scalars = {
      ...BASE,
      lr: 0.01 * step,
      correction1: 1 - BASE.beta1 ** step,
      correction2: Math.sqrt(1 - BASE.beta2 ** step),
    };
    const before = held;
    held = copyOf(before);
    const clipped = gradients.map((g) => g * factor);
    for (const [from, to, weightDecay] of [[0, decayed, 0.1], [decayed, size, 0]]) {
      const part = (values: Float64Array) => values.subarray(from, to);
      adamwStep(
        part(held.parameters),
        part(clipped),
        part(held.first),
        part(held.second),
        { lr: scalars.lr, beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay, step },
      );
    }
    emaUpdate(held.average, held.parameters, scalars.emaDecay);
    const wanted = held;
    held = copyOf(wanted);
    const title = `${size}, ${decayed} decayed, step ${step}`;
    const options = { verdict: [factor, 1, 0, 0], scalars, decayed };
    return adamW(title, before, gradients, options, wanted, 1e-6);
  });
});

/** The epsilon is added after the root. */
function largeEpsilon(): OpCase<"adamW"> {
  const size = 64;
  const zeros = () => new Float64Array(size);
  const slabs = { parameters: zeros(), first: zeros(), second: zeros(), average: zeros() };
  const gradients = data(size, 77);
  const scalars = { ...BASE, epsilon: 0.5, correction1: 0.1, correction2: Math.sqrt(0.05) };
  const wanted = { parameters: zeros(), first: zeros(), second: zeros(), average: zeros() };
  adamwStep(wanted.parameters, gradients, wanted.first, wanted.second, {
    lr: 0.01,
    beta1: 0.9,
    beta2: 0.95,
    eps: 0.5,
    weightDecay: 0,
    step: 1,
  });
  emaUpdate(wanted.average, wanted.parameters, scalars.emaDecay);
  const options = { verdict: [1, 1, 0, 0], scalars, decayed: 0 };
  return adamW("a large epsilon", slabs, gradients, options, wanted, 1e-6);
}

/** A step that was not finite changes nothing. */
function notFinite(): OpCase<"adamW"> {
  const size = 64;
  const slabs = {
    parameters: data(size, 78),
    first: data(size, 79),
    second: data(size, 80),
    average: data(size, 81),
  };
  const options = { verdict: [NaN, 0, NaN, NaN], scalars: BASE, decayed: 32 };
  return adamW("not finite", slabs, new Float64Array(size).fill(NaN), options, slabs, 0);
}

export const CASES: readonly OpCase[] = [
  ...verdicts,
  many,
  ...spoiled,
  ...overflows,
  ...updates,
  largeEpsilon(),
  notFinite(),
];
