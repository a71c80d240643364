// Whole sampling runs of the original project, its random draws replayed.

import { samplerSteps, stepScalars } from "../../src/diffusion/samplers.ts";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import { Plan } from "../../src/graph/plan.ts";
import { persistent } from "../../src/graph/tensor.ts";
import { rin } from "../../src/model/rin.ts";
import { copyTo } from "../../src/nn/tokens.ts";
import { assertWithin } from "../helpers/close.ts";
import { readGolden } from "../helpers/golden.ts";
import { loadGolden } from "../helpers/golden_rin.ts";
import { deviceTest } from "../helpers/devices.ts";
import { tensorOf } from "../helpers/plans.ts";

for (
  const { name, schedule } of [
    { name: "clip", schedule: "cosine" },
    { name: "t999clip", schedule: "cosine" },
    { name: "sigmoidclip", schedule: "sigmoid" },
  ]
) {
  deviceTest(`samplerSteps() of renoise give the golden trajectory ${name}`, async (gpu) => {
    const golden = readGolden("A_sampling");
    const network = await loadGolden(gpu, readGolden("A_tiny"), { schedule });
    const { config, weights } = network;
    const start = golden.tensor("x_T");
    const [batch] = start.shape;
    const x = tensorOf(gpu, "x", start.data, start.shape);
    const t = persistent("t", [batch, 1]);
    const mask = persistent("mask", [batch]);
    const latents = persistent("latents", [batch, config.numLatents, config.latentDim]);
    const prediction = persistent("prediction", start.shape);
    const fresh = persistent("fresh", start.shape);
    const scalars = persistent("scalars", [8]);
    const denoised = persistent("denoised", start.shape);
    const thresholds = tensorOf(gpu, "thresholds", new Float32Array(batch).fill(1));
    const plan = new Plan();
    const result = rin(plan, config, weights, { xt: x, t, previous: { latents, mask } });
    copyTo(plan, result.output, prediction);
    copyTo(plan, result.latents, latents);
    plan.record(
      "samplerStep",
      { batch, each: x.size / batch },
      { x, prediction, fresh, denoised, thresholds, scalars },
    );
    const program = await gpu.compile(plan);
    const times = [...golden.f64(`${name}.t_vals`)];
    const steps = samplerSteps(parseSchedule(schedule), config, { sampler: "renoise" }, times);
    for (const [i, step] of steps.entries()) {
      gpu.write(t, new Float32Array(batch).fill(step.t));
      gpu.write(mask, new Float32Array(batch).fill(i === 0 ? 0 : 1));
      gpu.write(fresh, golden.f32(`z.${i}`));
      gpu.write(scalars, stepScalars(step, true, x.size / batch));
      program.run();
      for (const [part, tensor] of Object.entries({ eps: prediction, Z: latents, x })) {
        const wanted = golden.f32(`${name}.${part}.${i}`);
        assertWithin(`${part} ${i}`, await gpu.read(tensor), wanted, 1e-4);
      }
    }
    program.destroy();
    const kept = [x, t, mask, latents, prediction, fresh, scalars, denoised, thresholds];
    gpu.release(...kept.map((y) => y.storage!));
    network.destroy();
  });
}
