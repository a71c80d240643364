/**
 * Lowers every operation to WebGPU: dispatches of kernels, with temporaries between them. Only here
 * do bindings, their alignment, and workgroups meet tensors.
 *
 * @module
 */
import { attention, attentionMerge } from "../../../kernels/wgsl/attention.ts";
import {
  attentionKeyGradient,
  attentionQueryGradient,
} from "../../../kernels/wgsl/attention_gradient.ts";
import { keysOfPart } from "../../../kernels/wgsl/attention_tiles.ts";
import { gatherRows, gatherRowsGradient, joinLatents } from "../../../kernels/wgsl/conditioning.ts";
import { pool, rectify, unfold } from "../../../kernels/wgsl/convolution.ts";
import {
  addNoise,
  addOffsets,
  guide,
  placeImage,
  samplerStep,
  slerp,
  squaredError,
  x0Thresholds,
} from "../../../kernels/wgsl/diffusion.ts";
import { dropBranch, dropElements } from "../../../kernels/wgsl/dropout.ts";
import {
  addInto,
  addRows,
  beginLatents,
  copy,
  maskRows,
  patches,
} from "../../../kernels/wgsl/elementwise.ts";
import type { Launch } from "../../../kernels/wgsl/kernel.ts";
import { lambStep, lambUpdate, trustRatio } from "../../../kernels/wgsl/lamb.ts";
import {
  AFFINE_CHUNK,
  layerNorm,
  layerNormAffineGradient,
  layerNormInputGradient,
} from "../../../kernels/wgsl/layer_norm.ts";
import { matmulTiled } from "../../../kernels/wgsl/matmul_tiled.ts";
import { adamW, judgeStep } from "../../../kernels/wgsl/optimizer.ts";
import type { OperandTypes } from "../../../kernels/wgsl/operand.ts";
import { normals } from "../../../kernels/wgsl/random.ts";
import { moments, partialMoments, sumMiddle, sumParts } from "../../../kernels/wgsl/reduce.ts";
import { partDepth, type ProductSizes, type Tile, tileFor } from "../../../kernels/wgsl/tiles.ts";
import {
  LAMB_CHUNK,
  type OperandsOf,
  type OpName,
  PARTIALS,
  type SizesOf,
} from "../../graph/ops.ts";
import type { Operation, Plan } from "../../graph/plan.ts";
import { temporary, type Tensor, typeOf } from "../../graph/tensor.ts";
import { DeviceLimitError, SMALLER } from "../errors.ts";
import { originOf } from "./binding.ts";
import { WINDOW, windows } from "./windows.ts";

/** One dispatch. */
export interface Dispatch<Phase extends string = string> {
  readonly launch: Launch;
  /** Bound in the order of `launch.bindings`. */
  readonly tensors: readonly Tensor[];
  /** The phase of the operation that it comes from. */
  readonly phase: Phase;
}

type Bound = readonly [launch: Launch, tensors: readonly (Tensor | undefined)[]];

/** What of a lowering is a GPU's own; no result depends on it. */
export interface Choices {
  /** Elements of a slab that are bound at once. */
  readonly most: number;
  /** The tile of a product with sums cut into parts of `part`. */
  readonly tileFor: (sizes: ProductSizes, part: number) => Tile;
}

const USUAL: Choices = { most: WINDOW, tileFor };

type Lowering<N extends OpName> = (
  sizes: SizesOf<N>,
  operands: OperandsOf<N>,
  choices: Choices,
) => readonly Bound[];

/** Numbers of a tensor at most, so that kernels can count them, and somewhat beyond, in 32 bits. */
const MOST_NUMBERS = 2 ** 31;

/** The partial sums of moments, each window's added to those before. */
function partialSums(x: Tensor, partial: Tensor, most: number): Bound[] {
  return windows(x.size, [x], most).flatMap(({ first, size, of }): Bound[] => {
    const own = first === 0 ? partial : temporary(...partial.shape);
    const sums: Bound = [partialMoments({ size, types: typesOf({ x }) }), [of(x), own]];
    return first === 0 ? [sums] : [sums, [addInto({ size: partial.size }), [own, partial]]];
  });
}

/** What kernels store, by role. */
function typesOf<Role extends string>(
  operands: { readonly [R in Role]?: Tensor },
): OperandTypes<Role> {
  const entries = Object.entries<Tensor | undefined>(operands);
  return Object.fromEntries(
    entries.map(([role, tensor]) => [role, tensor && typeOf(tensor)]),
  ) as OperandTypes<Role>;
}

const lowerings = {
  matmul: (sizes, { a, b, bias, residual, pre, out, sums }, { tileFor }) => {
    const { m, n, k, accumulate } = sizes;
    const plain = !bias && !residual && !pre && !sizes.activation;
    const depth = plain ? partDepth(sizes) : k;
    const parts = Math.ceil(k / depth);
    const cut = parts > 1;
    const [to, sumsTo] = cut ? [temporary(parts, m, n), sums && temporary(parts, m)] : [out, sums];
    const launch = matmulTiled({
      ...sizes,
      accumulate: accumulate && !cut,
      part: depth,
      tile: tileFor(sizes, depth),
      bias: bias !== undefined,
      residual: residual !== undefined,
      columnSums: sums !== undefined,
      keepPre: sizes.activation !== undefined && pre !== undefined,
      types: typesOf({ a, b, bias, residual, pre, out: to }),
      origins: {
        a: originOf(a),
        b: originOf(b),
        out: originOf(to),
        bias: bias && originOf(bias),
        sums: sumsTo && originOf(sumsTo),
      },
    });
    const rest = sizes.derivative ? [bias, residual, pre, to] : [bias, residual, to, pre];
    const product: Bound = [launch, [a, b, ...rest, sumsTo]];
    if (!cut) return [product];
    const sum = sumParts({
      ...{ count: parts, size: m * n, m: sums && m, accumulate },
      origins: { out: originOf(out), sums: sums && originOf(sums) },
    });
    return [product, [sum, [to, out, sumsTo, sums]]];
  },
  attention: (sizes, { q, kv, out, logSum }) => {
    const { batch, heads, d, queries, keys } = sizes;
    const parts = Math.ceil(keys / keysOfPart(sizes));
    if (parts === 1) {
      return [[attention({ ...sizes, types: typesOf({ q, kv, out }) }), [q, kv, out, logSum]]];
    }
    const partOut = temporary(parts, batch, queries, heads * d);
    const partLogSum = temporary(parts, batch, heads, queries);
    return [
      [
        attention({ ...sizes, types: typesOf({ q, kv, out: partOut }) }),
        [q, kv, partOut, partLogSum],
      ],
      [
        attentionMerge({ ...sizes, types: typesOf({ out }) }),
        [partOut, partLogSum, out, logSum],
      ],
    ];
  },
  attentionGradient: (sizes, operands) => {
    const { q, kv, out, dout, logSum, dq, dkv } = operands;
    const delta = temporary(sizes.batch, sizes.heads, sizes.queries);
    const typed = { ...sizes, types: typesOf(operands) };
    return [
      [attentionQueryGradient(typed), [q, kv, out, dout, logSum, dq, delta]],
      [attentionKeyGradient(typed), [q, kv, dout, logSum, delta, dkv]],
    ];
  },
  layerNorm: (sizes, { x, affine, y, stats }) => [
    [layerNorm({ ...sizes, types: typesOf({ x, affine, y }) }), [x, affine, y, stats]],
  ],
  layerNormInputGradient: (sizes, { x, affine, stats, dy, dx }) => {
    const launch = layerNormInputGradient({ ...sizes, types: typesOf({ x, affine, dy, dx }) });
    return [[launch, [x, affine, stats, dy, dx]]];
  },
  layerNormAffineGradient: ({ rows, d }, { x, stats, dy, daffine }) => {
    const chunks = Math.ceil(rows / AFFINE_CHUNK);
    const partial = temporary(chunks, 2, d);
    const axes = { outer: 1, middle: chunks, inner: 2 * d, origin: originOf(daffine) };
    return [
      [layerNormAffineGradient({ rows, d, types: typesOf({ x, dy }) }), [x, stats, dy, partial]],
      [sumMiddle(axes), [partial, daffine]],
    ];
  },
  patchify: (sizes, { x, y }) => [
    [patches({ ...sizes, inverse: false, types: typesOf({ x, y }) }), [x, y]],
  ],
  depatchify: (sizes, { x, y }) => [
    [patches({ ...sizes, inverse: true, types: typesOf({ x, y }) }), [x, y]],
  ],
  addRows: (sizes, { x, table, previous, mask, y }) => {
    const types = typesOf({ x, table, previous, y });
    const launch = addRows({ ...sizes, previous: previous !== undefined, types });
    return [[launch, [x, table, previous, mask, y]]];
  },
  beginLatents: (sizes, { start, time, previous, mask, y }) => {
    const launch = beginLatents({
      ...sizes,
      previous: previous !== undefined,
      types: typesOf({ start, time, previous, y }),
    });
    return [[launch, [start, time, previous, mask, y]]];
  },
  joinLatents: (sizes, { start, token0, token1, previous, mask, y }) => {
    const types = typesOf({ start, token0, token1, previous, y });
    const launch = joinLatents({ ...sizes, previous: previous !== undefined, types });
    return [[launch, [start, token0, token1, previous, mask, y]]];
  },
  gatherRows: (sizes, { table, rows, y }) => [
    [gatherRows({ ...sizes, types: typesOf({ table, y }) }), [table, rows, y]],
  ],
  gatherRowsGradient: (sizes, { dy, rows, dtable }) => [
    [gatherRowsGradient({ ...sizes, types: typesOf({ dy }) }), [dy, rows, dtable]],
  ],
  maskRows: (sizes, { x, mask, y }) => [
    [maskRows({ ...sizes, types: typesOf({ x, y }) }), [x, mask, y]],
  ],
  copy: ({ size }, { x, y }, { most }) => {
    const types = typesOf({ x, y });
    return windows(size, [x, y], most).map((
      { size, of },
    ) => [copy({ size, types }), [of(x), of(y)]]);
  },
  add: ({ size }, { x, y }, { most }) => {
    const types = typesOf({ x, y });
    return windows(size, [x, y], most).map((
      { size, of },
    ) => [addInto({ size, types }), [of(x), of(y)]]);
  },
  sumMiddle: (sizes, { x, y }) => [
    [sumMiddle({ ...sizes, origin: originOf(y), types: typesOf({ x, y }) }), [x, y]],
  ],
  dropout: (sizes, { x, keys, y }) => [
    [dropElements({ ...sizes, types: typesOf({ x, y }) }), [x, keys, y]],
  ],
  stochasticDepth: (sizes, { residual, branch, keys, y }) => {
    const types = typesOf({ residual, branch, y });
    const launch = dropBranch({ ...sizes, residual: residual !== undefined, types });
    return [[launch, [residual, branch, keys, y]]];
  },
  normals: (sizes, { keys, y }) => [[normals(sizes), [keys, y]]],
  addNoise: (sizes, { x0, noise, coefficients, xt, target }) => [
    [addNoise(sizes), [x0, noise, coefficients, xt, target]],
  ],
  offsetNoise: (sizes, { offsets, y }) => [[addOffsets(sizes), [offsets, y]]],
  squaredError: (sizes, { prediction, target, lossWeight, gradient, partial }) => [
    [squaredError(sizes), [prediction, target, lossWeight, gradient, partial]],
  ],
  guide: (sizes, { guided, free, scale, y }) => [[guide(sizes), [guided, free, scale, y]]],
  samplerStep: (sizes, { x, prediction, fresh, denoised, thresholds, scalars }) => [
    [samplerStep(sizes), [x, prediction, fresh, denoised, thresholds, scalars]],
  ],
  thresholds: (sizes, { x, prediction, scalars, thresholds }) => [
    [x0Thresholds(sizes), [x, prediction, scalars, thresholds]],
  ],
  slerp: (sizes, { other, turn, y }) => [
    [slerp({ ...sizes, types: typesOf({ other }) }), [other, turn, y]],
  ],
  placeImage: (sizes, { image, noise, keepMask, level, x }) => [
    [placeImage(sizes), [image, noise, keepMask, level, x]],
  ],
  moments: ({ size, at }, { x, y }, { most }) => {
    const partial = temporary(PARTIALS, 2);
    return [
      ...partialSums(x, partial, most),
      [moments({ size, at }), [partial, y]],
    ];
  },
  judgeStep: ({ size }, operands, { most }) => {
    const { lossPartial, gradients, scalars, verdict, history, scaling } = operands;
    const partial = temporary(PARTIALS, 2);
    return [
      ...partialSums(gradients, partial, most),
      [
        judgeStep({ size, scaled: scaling !== undefined }),
        [lossPartial, partial, scalars, verdict, history, scaling],
      ],
    ];
  },
  adamW: ({ size, decayed }, operands, { most }) => {
    const { parameters, gradients, first, second, average, verdict, scalars } = operands;
    const slabs = [parameters, gradients, first, second, average];
    return windows(size, slabs, most).map((window) => {
      const own = Math.min(window.size, Math.max(0, decayed - window.first));
      const launch = adamW({ size: window.size, decayed: own });
      return [launch, [...slabs.map((slab) => window.of(slab)), verdict, scalars]];
    });
  },
  lamb: ({ chunks }, operands, { most }) => {
    const { parameters, gradients, first, second, average, verdict, table, scalars } = operands;
    const norms = temporary(chunks, 2);
    const ratios = temporary(chunks);
    // A window's chunks begin in it: the last one can end in the next.
    const each = (
      launch: typeof lambStep,
      slabs: readonly Tensor[],
      rest: readonly Tensor[],
    ): Bound[] =>
      windows(parameters.size, slabs, most).map(({ first, size, of }) => [
        launch({ chunks, first, size }),
        [...slabs.map((slab) => of(slab, LAMB_CHUNK)), ...rest],
      ]);
    return [
      ...each(lambStep, [parameters, gradients, first, second], [norms, verdict, table, scalars]),
      [trustRatio({ chunks }), [norms, table, ratios]],
      ...each(lambUpdate, [parameters, gradients, average], [ratios, verdict, table, scalars]),
    ];
  },
  unfold: (window, { x, y }) => [[unfold(window), [x, y]]],
  pool: ({ window, kind }, { x, y }) => [[pool(window, kind), [x, y]]],
  rectify: ({ rows, columns, of, at }, { x, y }) => [
    [rectify({ rows, columns }, { of, at }), [x, y]],
  ],
} satisfies { [N in OpName]: Lowering<N> };

/**
 * The dispatches of a plan, in order.
 *
 * @throws {DeviceLimitError} when a tensor has more numbers than kernels can count
 */
export function lower<Phase extends string>(
  plan: Plan<Phase>,
  choices: Partial<Choices> = {},
): Dispatch<Phase>[] {
  const all = { ...USUAL, ...choices };
  return plan.operations.flatMap((operation) => {
    checkSizes(operation);
    return lowerOne(operation, all).map(([launch, tensors]) => {
      const bound = tensors.filter((tensor) => tensor !== undefined);
      if (bound.length !== launch.bindings.length) {
        throw new RangeError(
          `Cannot dispatch ${launch.name}: it binds ${launch.bindings.length} buffers, got ${bound.length}`,
        );
      }
      bound.forEach((tensor, i) => {
        const { name, type } = launch.bindings[i];
        if (type.includes("f16") !== (typeOf(tensor) === "f16")) {
          throw new RangeError(
            `Cannot dispatch ${launch.name}: ${name} is ${typeOf(tensor)}, expected ${type}`,
          );
        }
      });
      return { launch, tensors: bound, phase: operation.phase };
    });
  });
}

function checkSizes({ name, operands }: Operation): void {
  for (
    const { size } of Object.values<Tensor | undefined>(operands).filter((t) => t !== undefined)
  ) {
    if (size <= MOST_NUMBERS) continue;
    throw new DeviceLimitError(
      `This model needs ${size} numbers in one array (${name}), and kernels count to ` +
        `${MOST_NUMBERS}; ${SMALLER}`,
    );
  }
}

function lowerOne<N extends OpName>(
  { name, sizes, operands }: Operation<N>,
  choices: Choices,
): readonly Bound[] {
  // The table gives each name the lowering of its own sizes and operands.
  return (lowerings[name] as unknown as Lowering<N>)(sizes, operands, choices);
}
