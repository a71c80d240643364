// Three whole AdamW steps against PyTorch: forward, backward and update through the product's kernels.

import { assertEquals, assertLess } from "@std/assert";
import { lossAndGradients } from "../../src/diffusion/loss.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { writeSafetensors } from "../../src/model/safetensors.ts";
import { assertWithin } from "../helpers/close.ts";
import { readGolden } from "../helpers/golden.ts";
import { deviceTest } from "../helpers/devices.ts";
import { of, type OpCase, unwritten } from "../ops/case.ts";
import { pack } from "../ops/optimizer.ts";
import { runCases } from "../ops/run.ts";

deviceTest("Trainer.step() follows PyTorch's AdamW for three steps", async (gpu) => {
  const golden = readGolden("A_tiny");
  const after = readGolden("A_adamw");
  const names = [...golden.withPrefix("grad.").keys()];
  const config = { ...golden.config(), prediction: "eps" as const };
  const example = {
    x0: golden.f32("in.x0"),
    noise: golden.f32("in.noise"),
    t: golden.f32("in.t"),
    previous: { latents: golden.f32("in.Z_prev") },
  };
  const state = new Map(names.map((name) => {
    const { shape, data } = golden.tensor(name);
    const size = Math.ceil(data.length / 4) * 4;
    const padded = () => new Float32Array(size);
    const parameters = padded();
    parameters.set(data);
    return [name, {
      shape,
      length: data.length,
      parameters,
      first: padded(),
      second: padded(),
      faint: new Set<number>(),
    }];
  }));
  for (const step of [1, 2, 3]) {
    const tensors = new Map([...state].map(([name, { shape, length, parameters }]) => [
      name,
      { shape, data: parameters.slice(0, length) },
    ]));
    const rin = await Rin.load(gpu, writeSafetensors({ metadata: {}, tensors }), { config });
    const { gradients } = await lossAndGradients(rin, example);
    rin.destroy();
    const scalars = {
      lr: 1e-3,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 1e-2,
      correction1: 1 - 0.9 ** step,
      correction2: Math.sqrt(1 - 0.999 ** step),
      emaDecay: 0,
      clip: 1e30,
      slot: 0,
    };
    const found = await runCases(
      gpu,
      [...state].map(([name, { parameters, first, second }]): OpCase<"adamW"> => {
        const size = parameters.length;
        const padded = new Float32Array(size);
        padded.set(gradients[name]);
        return {
          name: "adamW",
          title: name,
          sizes: { size, decayed: size },
          operands: {
            parameters: of(parameters),
            gradients: of(padded),
            first: of(first),
            second: of(second),
            average: unwritten(size),
            verdict: of([1, 1, 0, 0]),
            scalars: pack(scalars),
          },
          expected: {},
        };
      }),
    );
    for (const [index, [name, entry]] of [...state].entries()) {
      const written = found[index];
      Object.assign(entry, {
        parameters: written.parameters,
        first: written.first,
        second: written.second,
      });
      // Adam divides a gradient by its own size, so where that is near epsilon (the key bias, zero in
      // exact arithmetic, above all) a step of size lr is made of rounding noise.
      gradients[name].forEach((value, i) => Math.abs(value) < 1e-7 && entry.faint.add(i));
      const settled = (values: Float32Array) =>
        values.slice(0, entry.length).map((value, i) => entry.faint.has(i) ? 0 : value);
      assertWithin(
        `step ${step} ${name}`,
        settled(written.parameters),
        settled(after.f32(`step${step}.${name}`)),
        1e-5,
      );
    }
  }
  const count = (pick: (entry: { length: number; faint: Set<number> }) => number) =>
    [...state.values()].reduce((sum, entry) => sum + pick(entry), 0);
  assertLess(count(({ faint }) => faint.size), 0.01 * count(({ length }) => length));
  assertEquals(state.size, names.length);
});
