// LAMB and the moving average, tensor by tensor.

import { data } from "../helpers/close.ts";
import { emaUpdate, lambStep } from "../reference/optim.ts";
import { of, type OpCase, words } from "./case.ts";
import { BASE, pack, type Scalars } from "./optimizer.ts";

const TENSORS = [
  { offset: 0, size: 9001, adapted: true },
  // Side by side, as the projections of keys and values are.
  { offset: 9024, size: 77, adapted: true },
  { offset: 9101, size: 13, adapted: true },
  { offset: 9152, size: 4097, adapted: false },
  { offset: 13312, size: 20, adapted: true },
];
const SIZE = 13376;
const ZERO = TENSORS.length - 1;
const ROLES = ["parameters", "first", "second", "average"] as const;

type Slabs = Record<typeof ROLES[number], Float64Array>;

/** Pieces of at most 4,096 elements. */
const TABLE = TENSORS.flatMap((() => {
  let chunks = 0;
  return ({ offset, size, adapted }: typeof TENSORS[number]) => {
    const first = chunks;
    const rows: number[][] = [];
    for (let at = 0; at < size; at += 4096, chunks++) {
      rows.push([offset + at, Math.min(4096, size - at), first, Number(adapted)]);
    }
    return rows;
  };
})());

const inside = new Set(
  TENSORS.flatMap(({ offset, size }) => Array.from({ length: size }, (_, i) => offset + i)),
);

/** What each value can be off by: 2e-6 of the largest of its tensor, nothing outside of all. */
function tolerances(values: Float64Array): Float64Array {
  const all = new Float64Array(SIZE);
  for (const { offset, size } of TENSORS) {
    const part = values.subarray(offset, offset + size);
    const largest = part.reduce((found, value) => Math.max(found, Math.abs(value)), 0);
    all.fill(2e-6 * largest, offset, offset + size);
  }
  return all;
}

function lamb(
  title: string,
  slabs: Slabs,
  gradients: Float64Array,
  verdict: number[],
  scalars: Scalars,
  expected: OpCase["expected"],
): OpCase<"lamb"> {
  const { parameters, first, second, average } = slabs;
  return {
    name: "lamb",
    title,
    sizes: { chunks: TABLE.length },
    operands: {
      parameters: of(parameters),
      gradients: of(gradients),
      first: of(first),
      second: of(second),
      average: of(average),
      verdict: of(verdict),
      table: words(TABLE.flat(), TABLE.length, 4),
      scalars: pack(scalars),
    },
    expected: {
      ...expected,
      // Left at 0, but for what lies outside of all tensors.
      gradients: { values: gradients.map((g, i) => inside.has(i) ? 0 : g), tolerance: 0 },
    },
  };
}

const scalarsOf = (step: number) => ({
  ...BASE,
  lr: 0.01 * step,
  epsilon: 1e-3,
  correction1: 1 - 0.9 ** step,
  correction2: Math.sqrt(1 - 0.95 ** step),
});

/** Three steps, gradients clipped. */
function updates(): OpCase[] {
  // Outside of the tensors lies what must not be touched, and must not count in a norm.
  let held: Slabs = {
    parameters: data(SIZE, 72, 0.3).map((value, i) => inside.has(i) ? value : 1e3),
    first: new Float64Array(SIZE),
    second: new Float64Array(SIZE),
    average: data(SIZE, 73),
  };
  const { offset, size } = TENSORS[ZERO];
  held.parameters.fill(0, offset, offset + size);
  return [1, 2, 3].map((step) => {
    const gradients = data(SIZE, 73 + step);
    const factor = [1, 0.25, 0.5][step - 1];
    const scalars = scalarsOf(step);
    const before = held;
    const wanted = rounded(before);
    for (const { offset, size, adapted } of TENSORS) {
      const part = (values: Float64Array) => values.subarray(offset, offset + size);
      lambStep(
        part(wanted.parameters),
        part(gradients).map((g) => g * factor),
        part(wanted.first),
        part(wanted.second),
        { lr: scalars.lr, beta1: 0.9, beta2: 0.95, eps: 1e-3, weightDecay: 0.1, step, adapted },
      );
      emaUpdate(part(wanted.average), part(wanted.parameters), scalars.emaDecay);
    }
    held = rounded(wanted);
    const expected = Object.fromEntries(
      ROLES.map((role) => [role, { values: wanted[role], tolerance: tolerances(wanted[role]) }]),
    );
    return lamb(`step ${step}`, before, gradients, [factor, 1, 0, 0], scalars, expected);
  });
}

function rounded(slabs: Slabs): Slabs {
  return {
    parameters: slabs.parameters.map(Math.fround),
    first: slabs.first.map(Math.fround),
    second: slabs.second.map(Math.fround),
    average: slabs.average.map(Math.fround),
  };
}

/** A step that was not finite changes nothing but the gradients. */
function notFinite(): OpCase {
  const slabs = {
    parameters: data(SIZE, 78),
    first: data(SIZE, 79),
    second: data(SIZE, 80),
    average: data(SIZE, 81),
  };
  const gradients = new Float64Array(SIZE).fill(NaN);
  const unchanged = Object.fromEntries(
    ROLES.map((role) => [role, { values: slabs[role], tolerance: 0 }]),
  );
  return lamb("not finite", slabs, gradients, [NaN, 0, NaN, NaN], scalarsOf(1), unchanged);
}

export const CASES: readonly OpCase[] = [...updates(), notFinite()];
