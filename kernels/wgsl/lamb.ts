/**
 * LAMB (You et al. 2020, arXiv 1904.00962): Adam's step of each tensor, scaled to the size of the
 * tensor. Three kernels over a slab in chunks, each of which lies in one tensor.
 *
 * @module
 */
import { GROUP, groupGrid, LANES, type Launch, launch, read, write } from "./kernel.ts";
import { optimizerScalars } from "./optimizer.ts";
import { fold } from "./reduce.ts";

const table = read("chunks", "array<vec4<u32>>");

/** A slab's chunks, and which part of it is bound: the chunks that begin there are done. */
export interface LambPart {
  /** All of them. */
  readonly chunks: number;
  /** The part's first element. Default 0. */
  readonly first?: number;
  /** Number of its elements. Default: all. */
  readonly size?: number;
}

const paramsOf = ({ chunks, first = 0, size = 0xffffffff }: LambPart) => ({
  count: chunks,
  first,
  size,
});

/**
 * One workgroup a chunk: `c` is its row of the table, its first element counted from the part's,
 * `lane` the invocation's.
 */
function forEachChunk(body: string): string {
  return `@compute @workgroup_size(${LANES})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = ${GROUP};
  if (at >= p.count) { return; }
  let row = chunks[at];
  // A chunk before the part wraps around.
  let c = vec4<u32>(row.x - p.first, row.yzw);
  if (c.x >= p.size) { return; }
${body}
}
`;
}

/**
 * Moments and Adam's step u = m / (sqrt(v) + epsilon) with bias corrections, plus weightDecay times
 * the parameter where adapted, written over the gradients; and each chunk's sums of the squares of
 * parameters and u, norms (chunks, 2). A step that was not finite changes nothing; all invocations
 * still meet at the barrier. Binds parameters,
 * gradients, first and second moments, norms, verdict, chunks, scalars.
 */
export function lambStep(part: LambPart): Launch {
  return launch(
    "lamb step",
    paramsOf(part),
    [
      read("parameters"),
      write("gradients"),
      write("first"),
      write("second"),
      write("norms", "array<vec2<f32>>"),
      read("verdict"),
      table,
      optimizerScalars,
    ],
    groupGrid(part.chunks),
    `${fold("vec2<f32>", LANES)}
${
      forEachChunk(`  let beta1 = scalars.beta1;
  let beta2 = scalars.beta2;
  let decay = scalars.weightDecay * f32(c.w);
  let end = select(c.x, c.x + c.y, verdict[1] != 0.0);
  var sum = vec2<f32>();
  for (var i = c.x + lane; i < end; i += ${LANES}u) {
    let g = gradients[i] * verdict[0];
    let m = beta1 * first[i] + (1.0 - beta1) * g;
    let v = beta2 * second[i] + (1.0 - beta2) * g * g;
    first[i] = m;
    second[i] = v;
    let w = parameters[i];
    let u = (m / scalars.correction1) / (sqrt(v) / scalars.correction2 + scalars.epsilon) + decay * w;
    gradients[i] = u;
    sum += vec2<f32>(w * w, u * u);
  }
  let whole = fold(lane, sum);
  if (lane == 0u) { norms[at] = whole; }`)
    }`,
  );
}

/**
 * Each tensor's trust ratio, |parameters| / |u|, 1 where either is 0 or the tensor is not adapted,
 * at its first chunk's place in ratios (chunks). Binds norms, chunks, ratios.
 */
export function trustRatio({ chunks }: { chunks: number }): Launch {
  return launch(
    "trust ratio",
    paramsOf({ chunks }),
    [read("norms", "array<vec2<f32>>"), table, write("ratios")],
    groupGrid(chunks),
    `${fold("vec2<f32>", LANES)}
${
      forEachChunk(`  if (c.z != at) { return; }
  var squares = vec2<f32>();
  for (var k = at + lane; k < p.count && chunks[k].z == at; k += ${LANES}u) { squares += norms[k]; }
  let whole = fold(lane, squares);
  let both = c.w == 1u && whole.x > 0.0 && whole.y > 0.0;
  if (lane == 0u) { ratios[at] = select(1.0, sqrt(whole.x) / sqrt(whole.y), both); }`)
    }`,
  );
}

/**
 * parameters -= lr ratio u, and the exponential moving average; neither after a step that was not
 * finite. u is left at 0 in any case, for it lies where the gradients do, and a pass that doesn't use
 * a parameter writes none. Binds parameters, u, average, ratios, verdict, chunks, scalars.
 */
export function lambUpdate(part: LambPart): Launch {
  return launch(
    "lamb update",
    paramsOf(part),
    [
      write("parameters"),
      write("u"),
      write("average"),
      read("ratios"),
      read("verdict"),
      table,
      optimizerScalars,
    ],
    groupGrid(part.chunks),
    forEachChunk(`  if (verdict[1] == 0.0) {
    for (var i = c.x + lane; i < c.x + c.y; i += ${LANES}u) { u[i] = 0.0; }
    return;
  }
  let rate = scalars.lr * ratios[c.z];
  for (var i = c.x + lane; i < c.x + c.y; i += ${LANES}u) {
    let w = parameters[i] - rate * u[i];
    u[i] = 0.0;
    parameters[i] = w;
    average[i] = scalars.emaDecay * average[i] + (1.0 - scalars.emaDecay) * w;
  }`),
  );
}
