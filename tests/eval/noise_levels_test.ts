// The loss by noise level against the network's own predictions, space by space.

import { assertEquals } from "@std/assert";
import { Rin } from "../../src/diffusion/rin.ts";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import { lossByNoise } from "../../src/eval/noise_levels.ts";
import { RandomStream, seedFor } from "../../src/nn/random.ts";
import { assertClose } from "../helpers/close.ts";
import { deviceTest } from "../helpers/devices.ts";

const SIZE = 8;
const EACH = 3 * SIZE * SIZE;
const LEVELS = 3;

for (const prediction of ["eps", "x0", "v"] as const) {
  for (const inputScale of [1, 0.5]) {
    deviceTest(
      `lossByNoise() gives the loss by level: ${prediction} prediction, input scale ${inputScale}`,
      async (gpu) => {
        const rin = await Rin.create(gpu, {
          imageSize: SIZE,
          patchSize: 4,
          latentDim: 16,
          interfaceDim: 16,
          numLatents: 3,
          numBlocks: 1,
          numHeads: 2,
          schedule: "cosine",
          prediction,
          inputScale,
        }, { seed: 3 });
        const images = Float32Array.from({ length: 3 * EACH }, (_, i) => Math.sin(i * 0.7));
        const batches = [images.slice(0, 2 * EACH), images.slice(2 * EACH)];
        const found = await lossByNoise(rin, batches, LEVELS, { seed: 9, selfCondRate: 0 });
        for (const [index, level] of found.entries()) {
          const t = (index + 0.5) / LEVELS;
          const gamma = parseSchedule("cosine")(t);
          const [a, s] = [Math.sqrt(gamma), Math.sqrt(1 - gamma)];
          const sums = { eps: 0, x0: 0, v: 0 };
          for (let i = 0; i < 3; i++) {
            const stream = new RandomStream(seedFor(9, "validate"), i * LEVELS + index);
            const x0 = images.slice(i * EACH, (i + 1) * EACH);
            const eps = x0.map((_, p) => stream.normal(p));
            const xt = x0.map((value, p) => a * inputScale * value + s * eps[p]);
            const { output } = await rin.predict(xt, Float32Array.of(t));
            for (let p = 0; p < EACH; p++) {
              const clean = {
                eps: (xt[p] - s * output[p]) / a,
                x0: output[p],
                v: a * xt[p] - s * output[p],
              }[prediction];
              const error = clean - inputScale * x0[p];
              sums.x0 += (error / inputScale) ** 2;
              sums.eps += (error * a / s) ** 2;
              sums.v += (error / s) ** 2;
            }
          }
          assertEquals([level.t, level.gamma], [t, gamma]);
          const logSnr = Math.log((inputScale * a / s) ** 2);
          const wanted = [sums.eps, sums.x0, sums.v].map((sum) => sum / (3 * EACH));
          assertClose(`t ${t}`, [level.eps, level.x0, level.v], wanted, 2e-5);
          assertClose(`log-SNR at ${t}`, [level.logSnr], [logSnr], 1e-12);
        }
        rin.destroy();
      },
    );
  }
}
