// Dropout and stochastic depth by the reference's numbers.

import { data } from "../helpers/close.ts";
import { streamKeys, uniform } from "../reference/random.ts";
import { of, type OpCase, unwritten, words } from "./case.ts";

const SEED = 11;
const keysOf = (batch: number) =>
  words(Array.from({ length: batch }, (_, b) => streamKeys(SEED, b)).flat(), batch, 2);
const factor = (rate: number, b: number, index: number) =>
  uniform(SEED, b, index) < rate ? 0 : 1 / (1 - rate);

const RATE = 0.3;
const SHAPES = [[1, 1, 0], [3, 35, 2], [2, 64, 1000], [3, 9001, 0xfffffff0]];

const units = SHAPES.map(([batch, each, first]): OpCase<"dropout"> => {
  const x = data(batch * each, 70);
  const y = x.map((value, i) =>
    value * factor(RATE, Math.floor(i / each), (first + i % each) >>> 0)
  );
  return {
    name: "dropout",
    title: `${batch} x ${each} from ${first}`,
    sizes: { batch, each, first, rate: RATE },
    operands: { x: of(x, batch, each), keys: keysOf(batch), y: unwritten(batch, each) },
    expected: { y: { values: y, tolerance: 2e-7 } },
  };
});

/** Enough examples that some are dropped and some are not. */
const BRANCHES = [[1, 1, 0], [7, 35, 2], [12, 64, 1000], [5, 9001, 0xfffffff0]];

const branches = BRANCHES.flatMap(([batch, each, index]) =>
  [false, true].map((added): OpCase<"stochasticDepth"> => {
    const [branch, residual] = [data(batch * each, 70), data(batch * each, 71)];
    const y = branch.map((value, i) =>
      (added ? residual[i] : 0) + value * factor(RATE, Math.floor(i / each), index)
    );
    return {
      name: "stochasticDepth",
      title: `${batch} x ${each} at ${index}${added ? ", residual" : ""}`,
      sizes: { batch, each, index, rate: RATE },
      operands: {
        branch: of(branch, batch, each),
        keys: keysOf(batch),
        ...added && { residual: of(residual, batch, each) },
        y: unwritten(batch, each),
      },
      expected: { y: { values: y, tolerance: 4e-7 } },
    };
  })
);

/** The share that is dropped, and the mean, of ones. */
function shares(): OpCase<"dropout"> {
  const [batch, each, rate] = [4, 5000, 0.1];
  const count = batch * each;
  return {
    name: "dropout",
    title: "what is dropped of ones, and their mean",
    sizes: { batch, each, first: 7, rate },
    operands: {
      x: of(new Float64Array(count).fill(1), batch, each),
      keys: keysOf(batch),
      y: unwritten(batch, each),
    },
    expected: {
      y: {
        values: [rate, 1],
        tolerance: [4 * Math.sqrt(rate * (1 - rate) / count), 0.02],
        of: (found) => [
          found.filter((value) => value === 0).length / count,
          found.reduce((a, b) => a + b, 0) / count,
        ],
      },
    },
  };
}

export const CASES: readonly OpCase[] = [...units, ...branches, shares()];
