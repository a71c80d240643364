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
} from "./kernel.ts";
import { input, type OperandTypes, output } from "./operand.ts";
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
  { batch, each, first, rate, types = {} }: {
    batch: number;
    each: number;
    first: number;
    rate: number;
    types?: OperandTypes<"x" | "y">;
  },
): Launch {
  const width = laneWidth(each);
  const [x, y] = [input("x", width, types.x), output("y", width, types.y)];
  const count = batch * each / width;
  const factors = unroll(
    width,
    (n) => `factor(keys[b], first + ${n}u)`,
    ", ",
  );
  return launch(
    "dropout",
    { count, each: each / width, first },
    [x.binding, read("keys", "array<vec2<u32>>"), y.binding],
    linearGrid(count),
    hash + factor(rate) + forEach(
      "p.count",
      `
  let b = i / p.each;
  let first = p.first + ${width}u * (i % p.each);
  ${y.put("i", `${x.at("i")} * ${laneType(width)}(${factors})`)}`,
    ),
  );
}

/**
 * y (batch, each) = residual + branch, the branch of example b dropped with probability `rate` or
 * divided by 1 - rate, by number `index` of the stream keys[b]; without `residual` the branch alone.
 * Binds (residual,) branch, keys (batch, 2, u32), y.
 */
export function dropBranch(
  { batch, each, index, rate, residual, types = {} }: {
    batch: number;
    each: number;
    index: number;
    rate: number;
    residual: boolean;
    types?: OperandTypes<"residual" | "branch" | "y">;
  },
): Launch {
  const width = laneWidth(each);
  const [stream, branch] = [
    input("residual", width, types.residual),
    input("branch", width, types.branch),
  ];
  const y = output("y", width, types.y);
  const count = batch * each / width;
  return launch(
    "stochastic depth",
    { count, each: each / width, index },
    [
      residual && stream.binding,
      branch.binding,
      read("keys", "array<vec2<u32>>"),
      y.binding,
    ],
    linearGrid(count),
    hash + factor(rate) + forEach(
      "p.count",
      `  ${
        y.put(
          "i",
          `${residual ? `${stream.at("i")} + ` : ""}factor(keys[i / p.each], p.index) * ${
            branch.at("i")
          }`,
        )
      }`,
    ),
  );
}
