// The network on the GPU against the original PyTorch implementation, in both kernel families.

import { assert, assertEquals } from "@std/assert";
import { lossAndGradients } from "../../src/diffusion/loss.ts";
import { assertWithin, largest } from "../helpers/close.ts";
import { type GoldenFile, readGolden } from "../helpers/golden.ts";
import { loadGolden, loadReadme } from "../helpers/golden_rin.ts";
import { deviceTest } from "../helpers/devices.ts";
import type { Rin } from "../../src/diffusion/rin.ts";

// Catches a LayerNorm epsilon of 1e-6 (4e-5) and the tanh GELU (1e-4).
const FORWARD = 2e-5;
// Of each tensor's largest value.
const GRADIENT = 1e-4;

async function checkForward(rin: Rin, golden: GoldenFile): Promise<void> {
  const [xt, t] = [golden.f32("in.xt"), golden.f32("in.t")];
  for (const kind of ["cold", "warm", "cold"]) {
    const previous = kind === "warm" ? { latents: golden.f32("in.Z_prev") } : undefined;
    const { output, latents } = await rin.predict(xt, t, { previous });
    assertWithin(`${kind}: prediction`, output, golden.f32(`${kind}.noise_pred`), FORWARD);
    assertWithin(`${kind}: latents`, latents, golden.f32(`${kind}.Z`), FORWARD);
  }
}

const exampleOf = (golden: GoldenFile) => ({
  x0: golden.f32("in.x0"),
  noise: golden.f32("in.noise"),
  t: golden.f32("in.t"),
});

/** The gradient of a key bias is zero in exact arithmetic: that part is compared absolutely. */
function checkGradient(name: string, found: Float32Array, expected: Float32Array): void {
  const tolerance = GRADIENT * largest(expected);
  const part = (from: number, to: number, allowed: number) =>
    assertWithin(name, found.subarray(from, to), expected.subarray(from, to), allowed);
  const n = expected.length;
  if (!name.endsWith("in_proj_bias")) return part(0, n, tolerance);
  part(0, n / 3, tolerance);
  part(n / 3, 2 * n / 3, 1e-6);
  part(2 * n / 3, n, tolerance);
}

const WARM_ONLY = /^latent_initializer\.(mlp|layer_norm)/;

for (const name of ["A_tiny", "B_odd"]) {
  deviceTest(
    `Rin.predict() gives the golden forward pass of ${name}, cold and warm`,
    async (gpu) => {
      const golden = readGolden(name);
      const rin = await loadGolden(gpu, golden);
      await checkForward(rin, golden);
      rin.destroy();
    },
  );

  deviceTest(
    `lossAndGradients() gives the golden loss and every gradient of ${name}`,
    async (gpu) => {
      const golden = readGolden(name);
      const rin = await loadGolden(gpu, golden);
      const example = exampleOf(golden);
      const previous = { latents: golden.f32("in.Z_prev") };
      const { loss, gradients } = await lossAndGradients(rin, { ...example, previous });
      assertWithin("loss", [loss], golden.f32("warm.loss"), 2e-6);
      const wanted = golden.withPrefix("grad.");
      assertEquals(Object.keys(gradients).sort(), [...wanted.keys()].sort());
      for (const parameter of wanted.keys()) {
        checkGradient(parameter, gradients[parameter], golden.f32(`grad.${parameter}`));
      }
      const cold = await lossAndGradients(rin, example);
      assertWithin("cold loss", [cold.loss], golden.f32("cold.loss"), 2e-6);
      for (const [parameter, gradient] of Object.entries(cold.gradients)) {
        assertEquals(largest(gradient) === 0, WARM_ONLY.test(parameter), parameter);
      }
      rin.destroy();
    },
  );
}

deviceTest(
  "lossAndGradients() gives the golden loss and gradient checksums of C_readme",
  async (gpu) => {
    const golden = readGolden("C_readme_io");
    const { rin, gradients: wanted } = await loadReadme(gpu);
    await checkForward(rin, golden);
    const previous = { latents: golden.f32("in.Z_prev") };
    const { loss, gradients } = await lossAndGradients(rin, { ...exampleOf(golden), previous });
    assertWithin("loss", [loss], golden.f32("warm.loss"), 2e-6);
    assertEquals(Object.keys(gradients).sort(), Object.keys(wanted).sort());
    for (const [name, found] of Object.entries(gradients)) {
      const { norm, first } = wanted[name];
      const foundNorm = Math.sqrt(found.reduce((sum, value) => sum + value * value, 0));
      assertWithin(`${name}: norm`, [foundNorm], [norm], GRADIENT * norm);
      const beginning = first.slice(0, found.length);
      assertWithin(name, found.slice(0, 8), beginning, GRADIENT * largest(found));
      assert(largest(found) > 0, name);
    }
    rin.destroy();
  },
);
