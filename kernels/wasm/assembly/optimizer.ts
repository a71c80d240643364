/** What ends a training step: the verdict on it, then AdamW and the moving average. */
import { totalOf } from "./reduce.ts";
import { OptimizerScalars, Verdict } from "./scalars.ts";
import { at } from "./simd.ts";
import { CHUNK, PARTIALS } from "./sizes.ts";
import { Entry } from "./tape.ts";

@unmanaged
export class JudgeStep extends Entry {
  lossPartial: u32;
  /** Partial moments of the gradients. */
  partial: u32;
  scalars: u32;
  verdict: u32;
  history: u32;
  partials: i32;
  /** What the loss's sum is divided by. */
  size: f32;
}

/** Loss, norm, the factor that clips it, and whether both are finite. */
export function judgeStep(e: JudgeStep): void {
  const scalars = changetype<OptimizerScalars>(<usize> e.scalars);
  const verdict = changetype<Verdict>(<usize> e.verdict);
  // Sums beyond f32 are infinite, as they are on a GPU.
  const norm = sqrt<f32>(<f32> totalOf(e.partial, e.partials, 1));
  let squares: f64 = 0;
  for (let k = 0; k < PARTIALS; k++) squares += <f64> load<f32>(at(e.lossPartial, 2 * k + 1));
  const loss = <f32> squares / e.size;
  verdict.factor = min<f32>(1, scalars.clip / (norm + 1e-6));
  verdict.finite = finite(norm) && finite(loss) ? 1 : 0;
  verdict.loss = loss;
  verdict.norm = norm;
  memory.copy(at(e.history, 4 * <i32> scalars.slot), e.verdict, 16);
}

function finite(x: f32): bool {
  return (reinterpret<u32>(x) & 0x7f800000) != 0x7f800000;
}

@unmanaged
export class AdamW extends Entry {
  parameters: u32;
  gradients: u32;
  first: u32;
  second: u32;
  average: u32;
  verdict: u32;
  scalars: u32;
  size: i32;
  decayed: i32;
}

/** AdamW and the moving average, in one pass over all slabs. */
export function adamW(e: AdamW, tile: i32): void {
  if (changetype<Verdict>(<usize> e.verdict).finite == 0) return;
  const start = tile * CHUNK;
  const end = min(start + CHUNK, e.size);
  const middle = min(max(start, e.decayed), end);
  const scalars = changetype<OptimizerScalars>(<usize> e.scalars);
  updateRange(e, start, middle, scalars.weightDecay);
  updateRange(e, middle, end, 0);
}

function updateRange(e: AdamW, start: i32, end: i32, weightDecay: f32): void {
  const s = changetype<OptimizerScalars>(<usize> e.scalars);
  const factor = v128.load32_splat(e.verdict);
  const beta1 = f32x4.splat(s.beta1);
  const beta2 = f32x4.splat(s.beta2);
  const gain1 = f32x4.splat(1 - s.beta1);
  const gain2 = f32x4.splat(1 - s.beta2);
  const kept = f32x4.splat(1 - s.lr * weightDecay);
  const rate = f32x4.splat(s.lr / s.correction1);
  const correction2 = f32x4.splat(s.correction2);
  const epsilon = f32x4.splat(s.epsilon);
  const emaDecay = f32x4.splat(s.emaDecay);
  const emaGain = f32x4.splat(1 - s.emaDecay);
  for (let i = start; i < end; i += 4) {
    const g = f32x4.mul(v128.load(at(e.gradients, i)), factor);
    const m = f32x4.add(f32x4.mul(beta1, v128.load(at(e.first, i))), f32x4.mul(gain1, g));
    const v = f32x4.add(
      f32x4.mul(beta2, v128.load(at(e.second, i))),
      f32x4.mul(f32x4.mul(gain2, g), g),
    );
    v128.store(at(e.first, i), m);
    v128.store(at(e.second, i), v);
    const divisor = f32x4.add(f32x4.div(f32x4.sqrt(v), correction2), epsilon);
    const w = f32x4.sub(
      f32x4.mul(v128.load(at(e.parameters, i)), kept),
      f32x4.div(f32x4.mul(rate, m), divisor),
    );
    v128.store(at(e.parameters, i), w);
    const average = f32x4.mul(emaDecay, v128.load(at(e.average, i)));
    v128.store(at(e.average, i), f32x4.add(average, f32x4.mul(emaGain, w)));
  }
}
