/**
 * Turns images into tokens, and begins the latents.
 *
 * @module
 */
import type { PatchedAxis } from "../graph/ops.ts";
import type { Plan } from "../graph/plan.ts";
import type { Tensor } from "../graph/tensor.ts";

/**
 * Images (batch, C, y, x) or clips (batch, C, time, y, x) as patches (batch, tokens, features): tokens
 * row-major over the grid, features ordered (c, y, x) or (c, time, y, x).
 *
 * @param patch sides of a patch along the axes after the channels
 */
export function patchify(plan: Plan<string>, x: Tensor, patch: readonly number[]): Tensor {
  const [batch, channels] = x.shape;
  const features = channels * patch.reduce((a, b) => a * b, 1);
  const y = plan.activation([batch, x.size / batch / features, features], [x]);
  plan.record("patchify", { batch, channels, axes: patchedAxes(x, patch) }, { x, y });
  return y;
}

/** The inverse of {@linkcode patchify}: patches put together as images or clips (batch, ...shape). */
export function depatchify(
  plan: Plan<string>,
  x: Tensor,
  shape: readonly number[],
  patch: readonly number[],
): Tensor {
  const [batch] = x.shape;
  const y = plan.activation([batch, ...shape], [x], "f32");
  const sizes = { batch, channels: shape[0], axes: patchedAxes(y, patch) };
  plan.record("depatchify", sizes, { x, y });
  plan.onBackward(y, (dy) => {
    plan.record("patchify", sizes, { x: dy, y: plan.newGradient(x) });
  });
  return y;
}

function patchedAxes({ shape }: Tensor, patch: readonly number[]): PatchedAxis[] {
  return shape.slice(2).map((length, axis) => ({ length, patch: patch[axis] }));
}

/** The state from an earlier pass, and the examples that begin from it. */
export interface SelfConditioning {
  /** (batch, ...). */
  readonly values: Tensor;
  /** (batch): 1 or 0. */
  readonly mask: Tensor;
}

/**
 * x (batch, n, d) + table (n, d), plus the previous values (batch, n, d) of examples with mask 1.
 */
export function addRows(
  plan: Plan<string>,
  x: Tensor,
  table: Tensor,
  previous?: SelfConditioning,
): Tensor {
  const inner = table.size;
  const outer = x.size / inner;
  const y = plan.activation(x.shape, [x, table, previous?.values]);
  plan.record("addRows", { outer, inner }, {
    x,
    table,
    previous: previous?.values,
    mask: previous?.mask,
    y,
  });
  plan.onBackward(y, (dy) => {
    if (table.tracked) sumInto(plan, dy, { outer: 1, middle: outer, inner }, table);
    passMasked(plan, dy, previous);
    plan.forwardGradient(dy, x);
  });
  return y;
}

/**
 * The latents that a pass begins with, (batch, m, d): start (m, d), plus time (batch, d) for each
 * latent, plus the previous latents for the examples with mask 1.
 */
export function beginLatents(
  plan: Plan<string>,
  { start, time, previous }: { start: Tensor; time: Tensor; previous?: SelfConditioning },
): Tensor {
  const [m, d] = start.shape.slice(-2);
  const [batch] = time.shape;
  const y = plan.activation([batch, m, d], [start, previous?.values, time]);
  plan.record(
    "beginLatents",
    { batch, m, d },
    { start, time, previous: previous?.values, mask: previous?.mask, y },
  );
  plan.onBackward(y, (dy) => {
    if (start.tracked) sumInto(plan, dy, { outer: 1, middle: batch, inner: m * d }, start);
    if (time.tracked) sumInto(plan, dy, { outer: batch, middle: m, inner: d }, time);
    passMasked(plan, dy, previous);
  });
  return y;
}

/**
 * The latents that a pass begins with, (batch, own + tokens, d): start (own, d), then the example's
 * own tokens, each (batch, d); plus the previous latents for the examples with mask 1.
 */
export function joinLatents(
  plan: Plan<string>,
  { start, tokens, previous }: {
    start: Tensor;
    tokens: readonly [Tensor] | readonly [Tensor, Tensor];
    previous?: SelfConditioning;
  },
): Tensor {
  const [own, d] = start.shape.slice(-2);
  const [batch] = tokens[0].shape;
  const m = own + tokens.length;
  const y = plan.activation([batch, m, d], [start, ...tokens, previous?.values]);
  const [token0, token1] = tokens;
  plan.record(
    "joinLatents",
    { batch, m, d, tokens: tokens.length },
    { start, token0, token1, previous: previous?.values, mask: previous?.mask, y },
  );
  plan.onBackward(y, (dy) => {
    const stride = m * d;
    if (start.tracked) {
      sumInto(plan, dy, { outer: 1, middle: batch, inner: own * d, stride }, start);
    }
    tokens.forEach((token, i) => {
      if (!token.tracked) return;
      sumInto(plan, dy, { outer: batch, middle: 1, inner: d, stride, start: (own + i) * d }, token);
    });
    passMasked(plan, dy, previous);
  });
  return y;
}

/** x (batch, ...), which has no gradient, with each example times its number of mask (batch). */
export function maskRows(plan: Plan<string>, x: Tensor, mask: Tensor): Tensor {
  const y = plan.activation(x.shape);
  plan.record("maskRows", { batch: mask.size, each: x.size / mask.size }, { x, mask, y });
  return y;
}

/** Row rows[b] (u32) of a table (n, d), for each example: (batch, d); zeros without one. */
export function gatherRows(plan: Plan<string>, table: Tensor, rows: Tensor): Tensor {
  const [n, d] = table.shape;
  const batch = rows.size;
  const y = plan.activation([batch, d], [table]);
  plan.record("gatherRows", { batch, n, d }, { table, rows, y });
  plan.onBackward(y, (dy) => {
    const dtable = plan.newGradient(table);
    plan.record("gatherRowsGradient", { batch, n, d }, { dy, rows, dtable });
  });
  return y;
}

/** Copies an activation to memory that outlives the replay. */
export function copyTo(plan: Plan<string>, x: Tensor, to: Tensor): void {
  plan.record("copy", { size: x.size }, { x, y: to });
}

/** The part of a gradient that belongs to the values of an earlier pass. */
function passMasked(plan: Plan<string>, dy: Tensor, previous?: SelfConditioning): void {
  if (!previous?.values.tracked) return;
  const { values, mask } = previous;
  const sizes = { batch: mask.size, each: dy.size / mask.size };
  plan.record("maskRows", sizes, { x: dy, mask, y: plan.newGradient(values) });
}

function sumInto(
  plan: Plan<string>,
  x: Tensor,
  axes: { outer: number; middle: number; inner: number; stride?: number; start?: number },
  to: Tensor,
): void {
  const { gradient: y, accumulate } = plan.gradientFor(to);
  plan.record("sumMiddle", { ...axes, accumulate }, { x, y });
}
