/**
 * Dropout and stochastic depth. The dropped elements are a function of the example's keys and an
 * index, so the adjoint draws them again and no mask is stored.
 *
 * @module
 */
import {
  forEach,
  laneType,
  laneWidth,
  type Launch,
  launch,
  linearGrid,
  read,
  unroll,
  write,
} from "./kernel.ts";
import { hash } from "./random.ts";

/** WGSL: 1 / keep with probability keep = 1 - rate, else 0: a mean of 1. */
const factor = (rate: number) => `
fn factor(keys: vec2<u32>, index: u32) -> f32 {
  return select(0.0, ${(1 / (1 - rate)).toPrecision(9)}, uniform_at(keys, index) >= ${
  rate.toPrecision(9)
});
}
`;

/**
 * y (batch, each) = x, each element dropped with probability `rate` or divided by 1 - rate; element i
 * of example b by number `first` + i of the stream keys[b]. Binds x, keys (batch, 2, u32), y.
 */
export function dropElements(
  { batch, each, first, rate }: { batch: number; each: number; first: number; rate: number },
): Launch {
  const width = laneWidth(each);
  const array = `array<${laneType(width)}>`;
  const count = batch * each / width;
  const factors = unroll(
    width,
    (n) => `factor(keys[b], first + ${n}u)`,
    ", ",
  );
  return launch(
    "dropout",
    { count, each: each / width, first },
    [read("x", array), read("keys", "array<vec2<u32>>"), write("y", array)],
    linearGrid(count),
    hash + factor(rate) + forEach(
      "p.count",
      `
  let b = i / p.each;
  let first = p.first + ${width}u * (i % p.each);
  y[i] = x[i] * ${laneType(width)}(${factors});`,
    ),
  );
}

/**
 * y (batch, each) = residual + branch, the branch of example b dropped with probability `rate` or
 * divided by 1 - rate, by number `index` of the stream keys[b]; without `residual` the branch alone.
 * Binds (residual,) branch, keys (batch, 2, u32), y.
 */
export function dropBranch(
  { batch, each, index, rate, residual }: {
    batch: number;
    each: number;
    index: number;
    rate: number;
    residual: boolean;
  },
): Launch {
  const width = laneWidth(each);
  const array = `array<${laneType(width)}>`;
  const count = batch * each / width;
  return launch(
    "stochastic depth",
    { count, each: each / width, index },
    [
      residual && read("residual", array),
      read("branch", array),
      read("keys", "array<vec2<u32>>"),
      write("y", array),
    ],
    linearGrid(count),
    hash + factor(rate) + forEach(
      "p.count",
      `  y[i] = ${residual ? "residual[i] + " : ""}factor(keys[i / p.each], p.index) * branch[i];`,
    ),
  );
}
