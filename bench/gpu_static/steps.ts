/**
 * What the steps of presets dispatch. Plans are recorded and lowered, nothing is allocated, so a
 * network may be of any size.
 *
 * @module
 */
import { resolveSettings } from "../../cli/options/resolve.ts";
import { recordSampling } from "../../src/diffusion/inference.ts";
import { type Dispatch, lower } from "../../src/device/webgpu/lowering.ts";
import type { FloatType } from "../../src/graph/ops.ts";
import { bytesOf } from "../../src/graph/tensor.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { slab, Weights } from "../../src/model/weights.ts";
import { partPhases, recordStep, trainSlabs } from "../../src/train/step_plan.ts";

/** The presets whose kernels are looked at. */
export const PRESETS = ["faces", "demo", "cifar10", "imagenet64"] as const;

/** Equal dispatches of one step. */
export interface Work {
  /** The kernel's name. */
  readonly name: string;
  /** Its WGSL. */
  readonly code: string;
  /** How many of them there are in a step. */
  readonly dispatches: number;
  /** All invocations of one. */
  readonly invocations: number;
  /** Floating-point operations of one, where they count. */
  readonly flops: number;
  /** Bytes of all that one binds. */
  readonly bytes: number;
}

/** A step of a preset. */
export interface Step {
  readonly preset: string;
  readonly task: "train" | "sample";
  /** Images; in training of a whole step. */
  readonly batch: number;
  readonly work: readonly Work[];
}

/** A training step of a preset and, for one image, a sampling step. */
export function stepsOf(preset: string, precision: FloatType = "f32"): Step[] {
  const { settings } = resolveSettings(preset, {}, {});
  const { network } = settings;
  const training = { ...settings.training, precision };
  const layout = parameterLayout(network);
  const { batchSize, accumulate } = training;
  const step = lower(recordStep(network, training, layout, trainSlabs(layout, training)).plan);
  const phases = Array.from(
    { length: accumulate },
    (_, part) => partPhases(part, training, false),
  ).flat();
  const stored = parameterLayout(network, precision);
  const weights = new Weights(stored, slab("parameters", stored));
  const sampling = lower(recordSampling(network, weights, 1, undefined, precision).plan);
  return [
    {
      preset,
      task: "train",
      batch: batchSize,
      work: gather(step, ({ phase }) => phases.filter((one) => one === phase).length),
    },
    {
      preset,
      task: "sample",
      batch: 1,
      work: gather(sampling, ({ phase }) => phase === "step" ? 1 : 0),
    },
  ];
}

/** Dispatches that are the same but for what they are bound to, as one. */
function gather<Phase extends string>(
  dispatches: readonly Dispatch<Phase>[],
  timesOf: (dispatch: Dispatch<Phase>) => number,
): Work[] {
  const all = new Map<string, Work>();
  for (const dispatch of dispatches) {
    const { launch: { name, code, workgroups, flops = 0 }, tensors } = dispatch;
    const times = timesOf(dispatch);
    if (times === 0) continue;
    const invocations = workgroups.reduce((a, b) => a * b, workgroupSize(code));
    const bytes = new Set(tensors).values()
      .reduce((sum, tensor) => sum + bytesOf(tensor), 0);
    const key = [code, invocations, flops, bytes].join("\n");
    const dispatchesBefore = all.get(key)?.dispatches ?? 0;
    all.set(key, {
      ...{ name, code, invocations, flops, bytes },
      dispatches: dispatchesBefore + times,
    });
  }
  return [...all.values()];
}

function workgroupSize(code: string): number {
  const [, size] = code.match(/@workgroup_size\(([^)]*)\)/)!;
  return size.split(",").reduce((product, one) => product * parseInt(one), 1);
}
