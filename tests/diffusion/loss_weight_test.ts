// The weight of an example: the loss of one space from the error of another.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { lossWeight } from "../../src/diffusion/loss_weight.ts";
import { data } from "../helpers/close.ts";
import { addNoise, fromPrediction, minSnrWeight, target } from "../reference/diffusion.ts";

const SPACES = ["eps", "x0", "v"] as const;
const plain = { lossSpace: "prediction", minSnr: 0 } as const;

const meanSquare = (a: Float64Array, b: Float64Array) =>
  a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length;

Deno.test("lossWeight() turns a prediction's error into that of the chosen space", () => {
  const [x0, eps, error] = [data(50, 1), data(50, 2), data(50, 3, 0.1)];
  for (const scale of [1, 0.4]) {
    for (const gamma of [0.02, 0.5, 0.97]) {
      const gammas = Float64Array.of(gamma);
      const xt = addNoise(x0, eps, gammas, scale);
      for (const prediction of SPACES) {
        const goal = target(prediction, x0, eps, gammas, scale);
        const output = goal.map((value, i) => value + error[i]);
        const estimate = fromPrediction(prediction, output, xt, gammas, scale);
        for (const lossSpace of SPACES) {
          const wanted = meanSquare(
            target(lossSpace, estimate.x0, estimate.eps, gammas, scale),
            target(lossSpace, x0, eps, gammas, scale),
          );
          const weight = lossWeight({ lossSpace, minSnr: 0 }, prediction, gamma, scale);
          const found = weight * meanSquare(output, goal);
          assertAlmostEquals(found / wanted, 1, 1e-12, `${prediction} as ${lossSpace}`);
        }
        assertEquals(lossWeight(plain, prediction, gamma, scale), 1);
      }
    }
  }
});

Deno.test("lossWeight() gives the min-SNR weights of Hang et al. in any space", () => {
  for (const gamma of [1e-9, 0.01, 0.3, 0.8, 0.84, 0.999, 1 - 1e-9]) {
    for (const prediction of SPACES) {
      for (const minSnr of [1, 5]) {
        const wanted = minSnrWeight(prediction, gamma, minSnr);
        for (const lossSpace of [...SPACES, "prediction"] as const) {
          const found = lossWeight({ lossSpace, minSnr }, prediction, gamma);
          assertAlmostEquals(found, wanted, 1e-7 * wanted, `${prediction} ${gamma} ${minSnr}`);
        }
      }
    }
  }
});

Deno.test("lossWeight() uses b^2 times the SNR with input scale b, for all predictions", () => {
  for (const gamma of [0.05, 0.7, 0.99]) {
    const of = (prediction: typeof SPACES[number], minSnr: number, b: number) =>
      lossWeight({ lossSpace: "prediction", minSnr }, prediction, gamma, b);
    const snr = 0.25 * gamma / (1 - gamma);
    assertAlmostEquals(of("eps", 5, 0.5), Math.min(1, 5 / snr), 1e-12);
    // One weighted error in three parametrisations.
    for (const prediction of SPACES) {
      const asEps = lossWeight({ lossSpace: "eps", minSnr: 0 }, prediction, gamma, 0.5);
      assertAlmostEquals(of(prediction, 5, 0.5) / asEps, of("eps", 5, 0.5), 1e-12);
    }
  }
});

Deno.test("lossWeight() is bounded where gamma is 0 or 1", () => {
  for (const gamma of [1e-9, 1e-300, 1 - 2 ** -53, 1]) {
    for (const prediction of SPACES) {
      for (const lossSpace of SPACES) {
        for (const minSnr of [0, 5]) {
          const weight = lossWeight({ lossSpace, minSnr }, prediction, gamma);
          const what = `${prediction} as ${lossSpace}, ${minSnr}, at ${gamma}: ${weight}`;
          assert(weight >= 0 && weight <= (minSnr || 1e4), what);
        }
      }
    }
  }
  assertEquals(lossWeight({ lossSpace: "eps", minSnr: 0 }, "x0", 1), 1e4);
  assertEquals(lossWeight({ lossSpace: "x0", minSnr: 0 }, "eps", 1e-9), 1e4);
});
