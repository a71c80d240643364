/**
 * Writes the WGSL of every kernel that a training step of a preset uses, to be read, compared
 * between versions, or fed to other compilers.
 *
 *     deno task wgsl [FOLDER]        default: wgsl/
 *
 * @module
 */
import { lower } from "../src/device/webgpu/lowering.ts";
import { DEFAULT_CONFIG } from "../src/model/config.ts";
import { parameterLayout } from "../src/model/parameters.ts";
import { completeTrainOptions, DEFAULT_TRAIN_OPTIONS } from "../src/train/options.ts";
import { recordStep, trainSlabs } from "../src/train/step_plan.ts";

const [folder = "wgsl"] = Deno.args;
await Deno.mkdir(folder, { recursive: true });
const layout = parameterLayout(DEFAULT_CONFIG);
const variants = new Map<string, Set<string>>();
const dispatches = [
  DEFAULT_TRAIN_OPTIONS,
  completeTrainOptions({ optimizer: "lamb", accumulate: 2, offsetNoise: 0.1 }),
].flatMap((options) =>
  lower(recordStep(DEFAULT_CONFIG, options, layout, trainSlabs(layout, options)).plan)
);
for (const { launch: { name, code } } of dispatches) {
  const stem = name.replace(/\W+/g, "_");
  variants.set(stem, (variants.get(stem) ?? new Set()).add(code));
}
for (const [stem, codes] of variants) {
  for (const [index, code] of [...codes].entries()) {
    const name = codes.size === 1 ? stem : `${stem}_${index + 1}`;
    await Deno.writeTextFile(`${folder}/${name}.wgsl`, code);
  }
}
console.log(`${folder}: ${[...variants.values()].reduce((n, { size }) => n + size, 0)} kernels`);
