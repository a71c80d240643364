/**
 * The plan that a training step replays: for each part of the batch noising, both passes, the loss
 * and the backward pass, then the update of all parameters.
 *
 * @module
 */
import { weightedRows } from "../diffusion/context.ts";
import { recordLoss } from "../diffusion/loss.ts";
import { HISTORY, PARTIALS } from "../graph/ops.ts";
import { Plan } from "../graph/plan.ts";
import { persistent, temporary, type Tensor, view } from "../graph/tensor.ts";
import type { RinConfig } from "../model/config.ts";
import { exampleShape, planeSize } from "../model/example.ts";
import { timeWidth } from "../model/time.ts";
import { slab, Weights, whole } from "../model/weights.ts";
import type { ParameterLayout } from "../model/parameters.ts";
import { Dropout } from "../nn/dropout.ts";
import { copyTo } from "../nn/tokens.ts";
import type { TrainOptions } from "./options.ts";
import { MEASURED, type StepTensors, type TrainSlabs } from "./step_tensors.ts";
import { recordUpdate, updateChunks } from "./update_plan.ts";

/** Makes the slabs' descriptions. */
export function trainSlabs(layout: ParameterLayout, { accumulate }: TrainOptions): TrainSlabs {
  return {
    parameters: slab("parameters", layout),
    gradients: slab("gradients", layout),
    adam_m: slab("adam_m", layout),
    adam_v: slab("adam_v", layout),
    ema: slab("ema", layout),
    ...accumulate > 1 && { sum: slab("gradient sum", layout) },
  };
}

const PHASES = ["part", "metrics", "first", "further", "update"] as const;

/** The parts of {@linkcode recordStep}'s plan. */
export type StepPhase = typeof PHASES[number];

/**
 * The phases that the parts of a step replay: "part" for all; "first" and "further" gather the
 * gradients where there are several; "update" ends the last, and "metrics" measures it.
 */
export function partPhases(
  part: number,
  { accumulate }: TrainOptions,
  measure: boolean,
): StepPhase[] {
  const last = part === accumulate - 1;
  return [
    "part",
    part === 0 ? "first" : "further",
    ...last ? ["update"] as const : [],
    ...last && measure ? ["metrics"] as const : [],
  ];
}

/** The examples' weights times the factor of the loss, where it has one. */
function scaledWeight(plan: Plan<string>, { lossWeight, scaling }: StepTensors): Tensor {
  if (scaling === undefined) return lossWeight;
  const scaled = temporary(lossWeight.size);
  const operands = { x: lossWeight, mask: view(scaling, 0, [1]), y: scaled };
  plan.record("maskRows", { batch: 1, each: lossWeight.size }, operands);
  return scaled;
}

/** Records a step in the phases of {@linkcode partPhases}. */
export function recordStep(
  config: RinConfig,
  options: TrainOptions,
  layout: ParameterLayout,
  slabs: TrainSlabs,
): { plan: Plan<StepPhase>; tensors: StepTensors } {
  const { batchSize, accumulate, selfCondRate, offsetNoise, dropout, dropPath } = options;
  const { checkpointBlocks } = options;
  const part = batchSize / accumulate;
  const image = [part, ...exampleShape(config)];
  const chunks = updateChunks(options, layout);
  const tensors: StepTensors = {
    x0: persistent("x0", image),
    t: persistent("t", [part, timeWidth(config)]),
    ...config.numClasses > 0 && { labels: persistent("labels", [part]) },
    coefficients: persistent("coefficients", [part, 4]),
    lossWeight: persistent("lossWeight", [part * weightedRows(config)]),
    mask: persistent("mask", [part]),
    keys: persistent("keys", [part, 2]),
    ...(dropout > 0 || dropPath > 0) && { dropKeys: persistent("drop keys", [part, 2]) },
    ...offsetNoise > 0 && { offsets: persistent("offsets", [part, config.channels]) },
    scalars: persistent("scalars", [12]),
    history: persistent("history", [HISTORY, 4]),
    moments: persistent("moments", [MEASURED.length, 3]),
    ...accumulate > 1 && { squares: persistent("squares", [PARTIALS, 2]) },
    ...options.precision === "f16" && { scaling: persistent("loss scale", [2]) },
    ...chunks && { chunks: persistent("chunks", [chunks.length / 4, 4]) },
  };
  const { x0, t, labels, coefficients, mask, keys, dropKeys, offsets, moments } = tensors;
  const plan = new Plan(...PHASES);
  plan.activations = options.precision;
  const weights = new Weights(layout, slabs.parameters, slabs.gradients);
  const loss = plan.phase("part", () => {
    const noise = temporary(...image);
    plan.record("normals", { batch: part, each: noise.size / part }, { keys, y: noise });
    if (offsets) {
      const sizes = { batch: part, channels: config.channels, plane: planeSize(config) };
      plan.record("offsetNoise", sizes, { offsets, y: noise });
    }
    const previous = selfCondRate > 0 ? { self: true, mask } as const : undefined;
    const loss = recordLoss(plan, config, weights, {
      x0,
      noise,
      coefficients,
      lossWeight: scaledWeight(plan, tensors),
      whole: batchSize,
      t,
      labels,
      previous,
      drop: dropKeys && new Dropout(dropKeys, { units: dropout, path: dropPath }),
      checkpointBlocks: checkpointBlocks === "on",
    });
    plan.phase("metrics", () => {
      const measured = [x0, loss.xt, noise, loss.output, loss.interface, loss.latents];
      measured.forEach((x, i) => {
        plan.record("moments", { size: x.size, at: 3 * i }, { x, y: moments });
      });
    });
    plan.backward(loss.output, loss.gradient);
    return loss;
  });
  const { sum } = slabs;
  const { squares } = tensors;
  if (sum === undefined || squares === undefined) {
    recordUpdate(plan, config, options, layout, slabs, tensors, slabs.gradients, loss.partial);
    return { plan, tensors };
  }
  const gathered = [[whole(slabs.gradients), whole(sum)], [loss.partial, squares]] as const;
  plan.phase("first", () => gathered.forEach(([from, to]) => copyTo(plan, from, to)));
  plan.phase(
    "further",
    () => gathered.forEach(([x, y]) => plan.record("add", { size: y.size }, { x, y })),
  );
  recordUpdate(plan, config, options, layout, slabs, tensors, sum, squares);
  return { plan, tensors };
}
