/**
 * The end of a training step: the gradient's norm, then AdamW and the moving average over all
 * parameters at once.
 *
 * @module
 */
import { OPTIMIZER_SCALARS } from "../shapes.ts";
import {
  floatBits,
  forEach,
  type Launch,
  launch,
  linearGrid,
  namedScalars,
  read,
  write,
} from "./kernel.ts";
import { fold, total, TOTAL_LANES } from "./reduce.ts";

/** The uniform that holds {@linkcode OPTIMIZER_SCALARS}, padded to 48 bytes. */
export const optimizerScalars = namedScalars("scalars", [...OPTIMIZER_SCALARS, "pad0", "pad1"]);

/**
 * From the partial sums of the loss's weighted squares (over `size` elements) and of the gradient's: the
 * loss, the gradient's norm, the factor that clips it (Pascanu et al. 2013: min(1, clip / (norm +
 * 1e-6)), as torch.nn.utils.clip_grad_norm_), and whether both are finite, judged by their bits.
 * Written to verdict (4: factor, finite, loss, norm) and to history (512, 4) at `slot`. If `scaled`,
 * both sums are of numbers times scaling[0], which then adapts. Binds lossPartial, partial, scalars,
 * verdict, history, (scaling).
 */
export function judgeStep({ size, scaled }: { size: number; scaled: boolean }): Launch {
  const divided = scaled ? " / scaling[0]" : "";
  return launch(
    "judge step",
    { size: floatBits(size) },
    [
      read("lossPartial"),
      read("partial"),
      optimizerScalars,
      write("verdict"),
      write("history"),
      scaled && write("scaling"),
    ],
    [1, 1, 1],
    `${fold("vec2<f32>", TOTAL_LANES)}
fn finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }
@compute @workgroup_size(${TOTAL_LANES})
fn main(@builtin(local_invocation_index) lane: u32) {
${total("vec2<f32>(partial[2u * k + 1u], lossPartial[2u * k + 1u])")}
  if (lane > 0u) { return; }
  let norm = sqrt(sum.x)${divided};
  let loss = sum.y / bitcast<f32>(p.size)${divided};
  verdict[0] = min(1.0, scalars.clip / (norm + 1e-6))${divided};
  verdict[1] = select(0.0, 1.0, finite(norm) && finite(loss));
  verdict[2] = loss;
  verdict[3] = norm;
  let at = 4u * u32(scalars.slot);
  history[at] = verdict[0];
  history[at + 1u] = verdict[1];
  history[at + 2u] = loss;
  history[at + 3u] = norm;
${scaled ? adapt() : ""}}
`,
  );
}

/** Steps in a row after which the factor of the loss is doubled. */
const GOOD_STEPS = 2000;

/** The most that it becomes. */
const MOST_SCALE = 2 ** 24;

/** Dynamic loss scaling (Micikevicius et al. 2018, arXiv 1710.03740). */
const adapt = () =>
  `  let good = select(0.0, scaling[1] + 1.0, verdict[1] == 1.0);
  let grows = good >= ${GOOD_STEPS}.0;
  let scale = scaling[0] * select(select(1.0, 2.0, grows), 0.5, verdict[1] == 0.0);
  scaling[0] = clamp(scale, 1.0, ${MOST_SCALE}.0);
  scaling[1] = select(good, 0.0, grows);
`;

/**
 * AdamW (Loshchilov & Hutter 2019, in torch's form) and the exponential moving average, over slabs
 * of `size` floats; the first `decayed` of them are subject to weight decay. A step that was not
 * finite changes nothing. Binds parameters, gradients, first and second moments, average, verdict,
 * scalars.
 */
export function adamW({ size, decayed }: { size: number; decayed: number }): Launch {
  const array = "array<vec4<f32>>";
  return launch(
    "adamw",
    { count: size / 4, decayed: decayed / 4 },
    [
      write("parameters", array),
      read("gradients", array),
      write("first", array),
      write("second", array),
      write("average", array),
      read("verdict"),
      optimizerScalars,
    ],
    linearGrid(size / 4),
    forEach(
      "p.count",
      `
  if (verdict[1] == 0.0) { return; }
  let lr = scalars.lr;
  let beta1 = scalars.beta1;
  let beta2 = scalars.beta2;
  let decay = select(0.0, scalars.weightDecay, i < p.decayed);
  let g = gradients[i] * verdict[0];
  let m = beta1 * first[i] + (1.0 - beta1) * g;
  let v = beta2 * second[i] + (1.0 - beta2) * g * g;
  first[i] = m;
  second[i] = v;
  let w = parameters[i] * (1.0 - lr * decay)
    - (lr / scalars.correction1) * m / (sqrt(v) / scalars.correction2 + scalars.epsilon);
  parameters[i] = w;
  average[i] = scalars.emaDecay * average[i] + (1.0 - scalars.emaDecay) * w;`,
    ),
  );
}
