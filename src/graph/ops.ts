/**
 * The operations that a plan records. This table is the contract between the network and the
 * devices: every device lowers each operation to its own kernels.
 *
 * Shapes are row-major and dense. All numbers are f32 unless a line says u32; parameters, activations
 * and gradients of activations can be f16 where the device supports it. A name in `operands` with a question mark is optional.
 *
 * @module
 */
import type {
  Activation,
  AttentionSizes,
  Layout,
  PatchedAxis,
  Window,
} from "../../kernels/shapes.ts";
import type { Tensor } from "./tensor.ts";

export * from "../../kernels/shapes.ts";

/** Sizes and flags (plain data) and operands (tensors by role) of every operation. */
export interface OperationTable {
  /**
   * out (m, n) = a b as `layout` says, then in this order: plus bias (n); kept as `pre` (m, n)
   * where given, and `activation` applied, or times the `derivative` of an activation at `pre`;
   * plus residual (m, n); plus the old out (`accumulate`). Layout tn can also write `sums` (m), the
   * sums of a's columns.
   */
  matmul: {
    sizes: {
      readonly layout: Layout;
      readonly m: number;
      readonly n: number;
      readonly k: number;
      readonly activation?: Activation;
      readonly derivative?: Activation;
      readonly accumulate?: boolean;
    };
    operands: Operands<"a" | "b" | "out", "bias" | "residual" | "pre" | "sums">;
  };
  /**
   * out (batch, queries, heads d) = softmax(q k' / sqrt(d)) v for each head; logSum (batch, heads,
   * queries) = the logarithm of each softmax's denominator, its largest score included.
   */
  attention: { sizes: AttentionSizes; operands: Operands<"q" | "kv" | "out" | "logSum"> };
  /**
   * The gradients of q, k and v from dout (batch, queries, heads d), written (not added) to dq and
   * dkv, which are laid out as q and kv and can be the same tensor.
   */
  attentionGradient: {
    sizes: AttentionSizes;
    operands: Operands<"q" | "kv" | "out" | "dout" | "logSum" | "dq" | "dkv">;
  };
  /**
   * y = (x - mean) / sqrt(var + epsilon) * weight + bias over rows of d; affine (2, d) holds the
   * weight, then the bias; stats (rows, 2) = each row's mean and 1 / sqrt(var + epsilon).
   */
  layerNorm: {
    sizes: { readonly rows: number; readonly d: number; readonly epsilon: number };
    operands: Operands<"x" | "affine" | "y" | "stats">;
  };
  /** dx = scale (g - mean(g) - xhat mean(g xhat)), g = dy weight; added to dx if `accumulate`. */
  layerNormInputGradient: {
    sizes: { readonly rows: number; readonly d: number; readonly accumulate: boolean };
    operands: Operands<"x" | "affine" | "stats" | "dy" | "dx">;
  };
  /** daffine (2, d): the sums over rows of dy xhat, and of dy. */
  layerNormAffineGradient: {
    sizes: { readonly rows: number; readonly d: number };
    operands: Operands<"x" | "stats" | "dy" | "daffine">;
  };
  /**
   * Images (batch, channels, ...axes) as patches (batch, tokens, features): tokens row-major over the grid,
   * features ordered (channel, then the axes).
   */
  patchify: { sizes: PatchSizes; operands: Operands<"x" | "y"> };
  /** The inverse of `patchify`. */
  depatchify: { sizes: PatchSizes; operands: Operands<"x" | "y"> };
  /** y (outer, inner) = x + table (inner) + mask (outer) previous (outer, inner), where given. */
  addRows: {
    sizes: { readonly outer: number; readonly inner: number };
    operands: Operands<"x" | "table" | "y", "previous" | "mask">;
  };
  /** y (batch, m, d) = start (m, d) + mask (batch) previous (batch, m, d), where given, + time (batch, d). */
  beginLatents: {
    sizes: { readonly batch: number; readonly m: number; readonly d: number };
    operands: Operands<"start" | "time" | "y", "previous" | "mask">;
  };
  /**
   * y (batch, m, d): start (m - tokens, d) for every example, then its token0 (and token1), each
   * (batch, d); plus mask (batch) previous (batch, m, d), where given.
   */
  joinLatents: {
    sizes: {
      readonly batch: number;
      readonly m: number;
      readonly d: number;
      readonly tokens: 1 | 2;
    };
    operands: Operands<"start" | "token0" | "y", "token1" | "previous" | "mask">;
  };
  /** y (batch, d): row rows[b] (u32) of table (n, d), or zeros where that is n or more. */
  gatherRows: {
    sizes: { readonly batch: number; readonly n: number; readonly d: number };
    operands: Operands<"table" | "rows" | "y">;
  };
  /**
   * dtable (n, d): row r is the sum of dy (batch, d) over the examples b with rows[b] (u32) = r.
   */
  gatherRowsGradient: {
    sizes: { readonly batch: number; readonly n: number; readonly d: number };
    operands: Operands<"dy" | "rows" | "dtable">;
  };
  /** y (batch, each) = mask (batch) x. */
  maskRows: {
    sizes: { readonly batch: number; readonly each: number };
    operands: Operands<"x" | "mask" | "y">;
  };
  /** y = x. */
  copy: { sizes: { readonly size: number }; operands: Operands<"x" | "y"> };
  /** y += x. */
  add: { sizes: { readonly size: number }; operands: Operands<"x" | "y"> };
  /**
   * y (outer, inner) = the sum of x (outer, middle, stride) over its middle axis; of each row,
   * `inner` elements from `start` on count; added to y if `accumulate`.
   */
  sumMiddle: {
    sizes: {
      readonly outer: number;
      readonly middle: number;
      readonly inner: number;
      /** Default `inner`. */
      readonly stride?: number;
      /** Default 0. */
      readonly start?: number;
      readonly accumulate?: boolean;
    };
    operands: Operands<"x" | "y">;
  };
  /**
   * y (batch, each) = x, each element dropped (0) with probability `rate` or divided by 1 - rate:
   * kept when uniform number `first` + i of the stream keys[b] (batch, 2, u32) is at least `rate`.
   */
  dropout: {
    sizes: {
      readonly batch: number;
      readonly each: number;
      readonly first: number;
      readonly rate: number;
    };
    operands: Operands<"x" | "keys" | "y">;
  };
  /**
   * y (batch, each) = residual, where given, + branch, which an example goes without with probability
   * `rate` (by uniform number `index` of keys[b]), else divided by 1 - rate.
   */
  stochasticDepth: {
    sizes: {
      readonly batch: number;
      readonly each: number;
      readonly index: number;
      readonly rate: number;
    };
    operands: Operands<"branch" | "keys" | "y", "residual">;
  };
  /** y (batch, each): standard normals, row b the stream of keys[b] (batch, 2, u32); see nn/random.ts. */
  normals: {
    sizes: { readonly batch: number; readonly each: number };
    operands: Operands<"keys" | "y">;
  };
  /** xt = c0 x0 + c1 noise; target = c2 x0 + c3 noise, with c = coefficients[b] (batch, 4). */
  addNoise: {
    sizes: { readonly batch: number; readonly each: number };
    operands: Operands<"x0" | "noise" | "coefficients" | "xt" | "target">;
  };
  /** y (batch, channels, plane) += offsets (batch, channels). */
  offsetNoise: {
    sizes: PlaneSizes;
    operands: Operands<"offsets" | "y">;
  };
  /**
   * gradient (batch, each) = 2 lossWeight[b] (prediction - target) / (whole each); partial (1024, 2):
   * its second column adds up to the sum of lossWeight[b] (prediction - target)^2.
   */
  squaredError: {
    sizes: { readonly batch: number; readonly each: number; readonly whole: number };
    operands: Operands<"prediction" | "target" | "lossWeight" | "gradient" | "partial">;
  };
  /** y = free + scale[0] (guided - free). */
  guide: {
    sizes: { readonly size: number };
    operands: Operands<"guided" | "free" | "scale" | "y">;
  };
  /**
   * With s = scalars (8, see SAMPLER_SCALARS) and limit = x0Limit thresholds[b]:
   * x0 = clamp(x0FromX x + x0FromPrediction prediction, -limit, limit) / thresholds[b];
   * x = nextFromX x + nextFromX0 x0 + nextFromPrevious denoised + sigma fresh; denoised = x0.
   */
  samplerStep: {
    sizes: { readonly batch: number; readonly each: number };
    operands: Operands<"x" | "prediction" | "fresh" | "denoised" | "thresholds" | "scalars">;
  };
  /**
   * thresholds (batch): the thresholdRank-th smallest (from 1) of the absolute values of
   * x0FromX x + x0FromPrediction prediction of each image, or 1 if that is more. Exact, by the bits.
   */
  thresholds: {
    sizes: { readonly batch: number; readonly each: number };
    operands: Operands<"x" | "prediction" | "scalars" | "thresholds">;
  };
  /** y (batch, each) = turn[b, 0] y + turn[b, 1] other, with turn (batch, 2). */
  slerp: {
    sizes: { readonly batch: number; readonly each: number };
    operands: Operands<"other" | "turn" | "y">;
  };
  /**
   * x (batch, channels, plane) = level[0] image (channels, plane) + level[1] noise where keepMask
   * (plane) is 1.
   */
  placeImage: {
    sizes: PlaneSizes;
    operands: Operands<"image" | "noise" | "keepMask" | "level" | "x">;
  };
  /** y[at], y[at + 1], y[at + 2] = mean, standard deviation and Euclidean norm of x (size). */
  moments: {
    sizes: { readonly size: number; readonly at: number };
    operands: Operands<"x" | "y">;
  };
  /**
   * From lossPartial (1024, 2; its second column's sum is divided by `size`) and the gradients
   * (count): verdict (4) and row `slot` of history (512, 4) = the factor min(1, clip / (norm + 1e-6)),
   * 1 if loss and norm are finite (judged by their bits) else 0, loss, norm. scalars (12).
   *
   * With scaling (2), the loss and the gradients are those times scaling[0]: it is divided out of the
   * factor, the loss and the norm. Then it is halved where they are not finite (1 at least), and
   * doubled after 2,000 steps in a row that are (2^24 at most), which scaling[1] counts. Only devices
   * with f16 need to have this.
   */
  judgeStep: {
    sizes: { readonly size: number; readonly count: number };
    operands: Operands<
      "lossPartial" | "gradients" | "scalars" | "verdict" | "history",
      "scaling"
    >;
  };
  /**
   * AdamW (Loshchilov & Hutter 2019, torch's form) and the moving average, over slabs of `size` (a
   * multiple of 4); the first `decayed` of them decay. Nothing changes where verdict[1] is 0.
   */
  adamW: {
    sizes: { readonly size: number; readonly decayed: number };
    operands: Operands<
      "parameters" | "gradients" | "first" | "second" | "average" | "verdict" | "scalars"
    >;
  };
  /**
   * LAMB (You et al. 2020) and the moving average, over the tensors that `table` (chunks, 4, u32) cuts
   * into chunks: first element, count, first chunk of the same tensor, 1 where decay and trust ratio
   * apply. The gradients are left at 0. Nothing else changes where verdict[1] is 0.
   */
  lamb: {
    sizes: { readonly chunks: number };
    operands: Operands<
      "parameters" | "gradients" | "first" | "second" | "average" | "verdict" | "table" | "scalars"
    >;
  };
  /** y (pixels, kernel height, kernel width, channels): each window of x as a row, 0 outside. */
  unfold: { sizes: Window; operands: Operands<"x" | "y"> };
  /** y (pixels, channels): the largest of each window, or the mean of its part inside the image. */
  pool: {
    sizes: { readonly window: Window; readonly kind: "max" | "mean" };
    operands: Operands<"x" | "y">;
  };
  /** max(x, 0) of x (rows, columns) into the columns from `at` on of y (rows, of). */
  rectify: {
    sizes: {
      readonly rows: number;
      readonly columns: number;
      readonly of: number;
      readonly at: number;
    };
    operands: Operands<"x" | "y">;
  };
}

interface PlaneSizes {
  readonly batch: number;
  readonly channels: number;
  readonly plane: number;
}

interface PatchSizes {
  readonly batch: number;
  readonly channels: number;
  readonly axes: readonly PatchedAxis[];
}

type Operands<Needed extends string, Optional extends string = never> =
  & { readonly [R in Needed]: Tensor }
  & { readonly [R in Optional]?: Tensor };

/** Names of all operations. */
export type OpName = keyof OperationTable;

/** Sizes and flags of an operation. */
export type SizesOf<N extends OpName> = OperationTable[N]["sizes"];

/** Tensors of an operation by their role. */
export type OperandsOf<N extends OpName> = OperationTable[N]["operands"];
