// The options of the paper's network on the GPU, whole, against the float64 reference.

import { assert, assertEquals } from "@std/assert";
import { lossAndGradients } from "../../src/diffusion/loss.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import { completeConfig, type RinConfig } from "../../src/model/config.ts";
import { exampleShape, exampleSize, interfaceTokens } from "../../src/model/example.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { writeCheckpoint } from "../../src/model/checkpoint.ts";
import { assertClose, assertWithin, data, largest } from "../helpers/close.ts";
import { networkTime } from "../../src/diffusion/network_time.ts";
import { Plan } from "../../src/graph/plan.ts";
import { rin } from "../../src/model/rin.ts";
import { timeWidth } from "../../src/model/time.ts";
import { slab, Weights, whole } from "../../src/model/weights.ts";
import { deviceTest } from "../helpers/devices.ts";
import { runPlan, tensorOf } from "../helpers/plans.ts";
import { kept } from "../helpers/record.ts";
import { type Parameters, rin as rinReference } from "../reference/rin.ts";

const BASE: Partial<RinConfig> = {
  imageSize: 9,
  patchSize: 3,
  latentDim: 18,
  interfaceDim: 12,
  numLatents: 5,
  numHeads: 9,
  readWriteHeads: 3,
  latentMlpRatio: 2,
  interfaceMlpRatio: 3,
  blockDepth: [2, 1],
};

const CONFIGS: Record<string, Partial<RinConfig>> = {
  "time and class as tokens": { timeConditioning: "token", numClasses: 4 },
  "time as a token, fixed positions": { timeConditioning: "token", positions: "sincos" },
  "class added, interface passed on": { numClasses: 3, selfConditioning: "interface" },
  "all of it": {
    timeConditioning: "token",
    numClasses: 2,
    selfConditioning: "both",
    positions: "sincos",
  },
  "clips, learned positions": { frames: 4, patchFrames: 2, imageSize: 6 },
  "clips, fixed positions, interface passed on": {
    ...{ frames: 3, imageSize: 6, interfaceDim: 15, latentDim: 18, numHeads: 6, readWriteHeads: 3 },
    ...{ positions: "sincos", selfConditioning: "both", numClasses: 2 },
  },
  "the paper's layers": {
    ...{ layers: "paper", timeConditioning: "token", timeInput: "gamma", numClasses: 3 },
  },
  "the paper's layers, all passed on, a wider interface": {
    ...{ layers: "paper", latentDim: 12, interfaceDim: 18, numHeads: 3, selfConditioning: "both" },
    ...{ positions: "stretched", numClasses: 2, schedule: "cosine", timeInput: "gamma" },
  },
  "the paper's layers, equal widths that vectors divide": {
    ...{ layers: "paper", latentDim: 16, interfaceDim: 16, numHeads: 4, readWriteHeads: 2 },
    ...{ timeConditioning: "token", selfConditioning: "interface", frames: 2, imageSize: 6 },
  },
  "gray, wide, learned positions": { channels: 1, imageSize: "9x6" },
  "opacity, tall, time as a token, fixed positions": {
    ...{ channels: 4, imageSize: "6x9", timeConditioning: "token", positions: "stretched" },
  },
  "all of it, equal widths that vectors divide": {
    ...{ latentDim: 16, interfaceDim: 16, numHeads: 4, readWriteHeads: 2 },
    ...{ timeConditioning: "token", numClasses: 2, selfConditioning: "both" },
  },
};

const BATCH = 3;
const LABELS = [1, -1, 0];

/** Parameters as a network may have them after training: nothing is zero. */
function trained(config: RinConfig): { parameters: Parameters; bytes: Uint8Array<ArrayBuffer> } {
  const layout = parameterLayout(config);
  const slab = new Float32Array(layout.size);
  const parameters: Parameters = new Map();
  layout.parameters.forEach(({ name, shape, offset, size }, i) => {
    const values = data(size, 500 + i, shape.length > 1 ? 1 / Math.sqrt(shape.at(-1)!) : 1);
    slab.set(values, offset);
    parameters.set(name, values);
  });
  return { parameters, bytes: writeCheckpoint({ config, slabs: { parameters: slab } }) };
}

for (const [name, options] of Object.entries(CONFIGS)) {
  deviceTest(`the paper's network: ${name}`, async (gpu) => {
    const config = completeConfig({ ...BASE, prediction: "x0", schedule: "linear", ...options });
    const { parameters, bytes } = trained(config);
    const rin = await Rin.load(gpu, bytes);
    const size = exampleSize(config);
    const [x0, noise] = [data(BATCH * size, 480), data(BATCH * size, 481)];
    const t = Float32Array.of(0.0625, 0.5, 0.8125);
    const interfaceSize = interfaceTokens(config) * config.interfaceDim;
    const carried = {
      latents: data(BATCH * config.numLatents * config.latentDim, 482),
      interface: data(BATCH * interfaceSize, 483),
    };
    const rows = LABELS.map((label) => label === -1 ? config.numClasses : label);
    const gammas = Array.from(t, parseSchedule(config.schedule));
    const xt = x0.map((value, i) => {
      const gamma = gammas[Math.floor(i / size)];
      return Math.fround(Math.sqrt(gamma) * value + Math.sqrt(1 - gamma) * noise[i]);
    });
    const handsOn = config.selfConditioning;
    const reference = (warm: boolean) =>
      rinReference(config, parameters, {
        x: xt,
        t: Float64Array.from(config.timeInput === "gamma" ? gammas : t),
        labels: config.numClasses > 0 ? rows : undefined,
        zPrev: warm && handsOn !== "interface" ? carried.latents : undefined,
        xPrev: warm && handsOn !== "latents" ? carried.interface : undefined,
      });
    const previous = {
      latents: Float32Array.from(carried.latents),
      interface: Float32Array.from(carried.interface),
    };
    const labels = config.numClasses > 0 ? LABELS : undefined;
    // Cold once more, since what a pass left must count for nothing then.
    for (const warm of [false, true, false]) {
      const found = await rin.predict(Float32Array.from(xt), t, {
        labels,
        previous: warm ? previous : undefined,
      });
      const wanted = reference(warm);
      assertClose("prediction", found.output, wanted.prediction, 1e-5);
      assertClose("latents", found.latents, wanted.z, 1e-5);
      assertEquals(found.interface === undefined, handsOn === "latents");
      if (found.interface) assertClose("interface", found.interface, wanted.x, 1e-5);
    }
    const wanted = reference(true);
    const count = BATCH * size;
    const gradients = wanted.backward(wanted.prediction.map((v, i) => 2 * (v - x0[i]) / count));
    const found = await lossAndGradients(rin, {
      x0: Float32Array.from(x0),
      noise: Float32Array.from(noise),
      t,
      labels,
      previous,
    });
    const loss = wanted.prediction.reduce((sum, v, i) => sum + (v - x0[i]) ** 2, 0) / count;
    assertWithin("loss", [found.loss], [loss], 1e-5 * loss);
    assertEquals(Object.keys(found.gradients).sort(), [...gradients.keys()].sort());
    for (const [parameter, gradient] of gradients) {
      assert(largest(gradient) > 0, `${parameter} has no gradient`);
      assertClose(parameter, found.gradients[parameter], gradient, 1e-4);
    }
    rin.destroy();
  });
}

deviceTest(
  "the paper's layers begin from zeros where the mask is 0, and from a share in between",
  async (gpu) => {
    const config = completeConfig({
      ...{ ...BASE, layers: "paper", timeConditioning: "token", selfConditioning: "both" },
      ...{ prediction: "x0", schedule: "linear" },
    });
    const { parameters } = trained(config);
    const layout = parameterLayout(config);
    const weights = new Weights(layout, slab("parameters", layout));
    const values = new Float32Array(layout.size);
    layout.parameters.forEach(({ name, offset }) => values.set(parameters.get(name)!, offset));
    gpu.write(whole(weights.values), values);
    const x = data(BATCH * exampleSize(config), 490);
    const t = Float64Array.of(0.25, 0.5, 0.75);
    const latents = data(BATCH * config.numLatents * config.latentDim, 491);
    const tokens = data(BATCH * interfaceTokens(config) * config.interfaceDim, 492);
    const mask = [1, 0, 0.5];
    const plan = new Plan();
    const { output } = rin(plan, config, weights, {
      xt: tensorOf(gpu, "x", x, [BATCH, ...exampleShape(config)]),
      t: tensorOf(gpu, "t", networkTime(config, t), [BATCH, timeWidth(config)]),
      previous: {
        latents: tensorOf(gpu, "z", latents, [BATCH, config.numLatents, config.latentDim]),
        interface: tensorOf(gpu, "i", tokens, [
          BATCH,
          interfaceTokens(config),
          config.interfaceDim,
        ]),
        mask: tensorOf(gpu, "mask", mask, [BATCH]),
      },
    });
    const result = kept(plan, output);
    const found = await runPlan(gpu, plan, { result });
    const masked = (values: Float64Array) => {
      const each = values.length / BATCH;
      return values.map((value, i) => mask[Math.floor(i / each)] * value);
    };
    const wanted = rinReference(config, parameters, {
      ...{ x, t, zPrev: masked(latents), xPrev: masked(tokens) },
    });
    assertClose("prediction", found.result, wanted.prediction, 1e-5);
  },
);
