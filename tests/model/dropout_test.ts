// The whole network with units and branches dropped, forward and backward, against the float64 reference.

import { assert, assertEquals } from "@std/assert";
import { Plan } from "../../src/graph/plan.ts";
import { persistent } from "../../src/graph/tensor.ts";
import { completeConfig } from "../../src/model/config.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { rin } from "../../src/model/rin.ts";
import { timeRows, timeWidth } from "../../src/model/time.ts";
import { slab, Weights, whole } from "../../src/model/weights.ts";
import { Dropout } from "../../src/nn/dropout.ts";
import { assertClose, data, largest } from "../helpers/close.ts";
import { deviceTest } from "../helpers/devices.ts";
import { runPlan, tensorOf } from "../helpers/plans.ts";
import { kept } from "../helpers/record.ts";
import { streamKeys } from "../reference/random.ts";
import { type Parameters, rin as rinReference } from "../reference/rin.ts";

const config = completeConfig({
  ...{ imageSize: 8, patchSize: 4, latentDim: 18, interfaceDim: 12, numLatents: 5, numBlocks: 2 },
  ...{ blockDepth: 2, numHeads: 3, latentMlpRatio: 2, interfaceMlpRatio: 1 },
  ...{ timeConditioning: "token" },
});
const BATCH = 3;
const SEED = 4;

for (
  const rates of [{ units: 0.25, path: 0 }, { units: 0, path: 0.4 }, { units: 0.1, path: 0.3 }]
) {
  deviceTest(`Dropout drops units ${rates.units}, branches ${rates.path}`, async (gpu) => {
    const layout = parameterLayout(config);
    const parameters: Parameters = new Map();
    const values = new Float32Array(layout.size);
    layout.parameters.forEach(({ name, shape, offset, size }, i) => {
      const drawn = data(size, 600 + i, shape.length > 1 ? 1 / Math.sqrt(shape.at(-1)!) : 1);
      values.set(drawn, offset);
      parameters.set(name, drawn);
    });
    const weights = new Weights(layout, slab("parameters", layout), slab("gradients", layout));
    gpu.write(whole(weights.values), values);
    const x = data(BATCH * 3 * 64, 590);
    const t = [0.25, 0.5, 0.875];
    const image = [BATCH, 3, 8, 8];
    const times = persistent("t", [BATCH, timeWidth(config)]);
    gpu.write(times, timeRows(config, t));
    const streams = Array.from({ length: BATCH }, (_, b) => streamKeys(SEED, b)).flat();
    const keys = tensorOf(gpu, "keys", Uint32Array.from(streams), [BATCH, 2]);
    const plan = new Plan();
    const drop = new Dropout(keys, rates);
    const { output } = rin(plan, config, weights, {
      xt: tensorOf(gpu, "x", x, image),
      t: times,
      drop,
    });
    const result = kept(plan, output);
    const dout = data(output.size, 591);
    plan.backward(output, tensorOf(gpu, "dout", dout, image));
    const found = await runPlan(gpu, plan, { result, gradients: whole(weights.gradients!) });
    const wanted = rinReference(config, parameters, {
      x,
      t: Float64Array.from(t),
      drop: { ...rates, seed: SEED },
    });
    assertClose("prediction", found.result, wanted.prediction, 1e-5);
    const gradients = wanted.backward(dout);
    let checked = 0;
    for (const { name, offset, size } of layout.parameters) {
      const gradient = gradients.get(name)!;
      if (largest(gradient) === 0) continue;
      checked++;
      assertClose(name, found.gradients.subarray(offset, offset + size), gradient, 1e-4);
    }
    assert(checked > 50, `${checked} gradients`);
    const undropped = rinReference(config, parameters, { x, t: Float64Array.from(t) }).prediction;
    assert(
      largest(undropped.map((v, i) => v - wanted.prediction[i])) > 1e-3,
      "something is dropped",
    );
  });
}

Deno.test("Dropout records nothing if there is nothing to drop", () => {
  const layout = parameterLayout(config);
  const record = (drop?: Dropout) => {
    const plan = new Plan();
    const weights = new Weights(layout, slab("parameters", layout));
    const xt = persistent("x", [1, 3, 8, 8]);
    rin(plan, config, weights, { xt, t: persistent("t", [1, timeWidth(config)]), drop });
    return plan.operations.map(({ name, sizes }) => ({ name, sizes }));
  };
  const none = new Dropout(persistent("keys", [1, 2]), { units: 0, path: 0 });
  assertEquals(record(none), record());
});
