// The float64 network against the original PyTorch implementation.

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  fnv1a32,
  goldenUrl,
  parameterShapes,
  parseConfig,
  parseSafetensors,
  readGolden,
  regenerateWeights,
} from "../helpers/golden.ts";
import { meanSquaredError } from "./diffusion.ts";
import { largest, largestDifference } from "./finite_difference.ts";
import { type Parameters, rin } from "./rin.ts";

/** Checks a gradient against a golden one; the key bias, zero in exact arithmetic, absolutely. */
function checkGolden(name: string, found: Float64Array, expected: Float64Array): void {
  const check = (part: string, from: number, to: number, tolerance: number) => {
    const error = largestDifference(found.slice(from, to), expected.slice(from, to));
    assert(error <= tolerance, `${name}${part} is off by ${error}, more than ${tolerance}`);
  };
  const relative = 1e-5 * largest(expected);
  assert(relative > 0, `${name}: the golden gradient is zero`);
  const n = expected.length;
  if (!name.endsWith("in_proj_bias")) return check("", 0, n, relative);
  check(" (q)", 0, n / 3, relative);
  check(" (k)", n / 3, 2 * n / 3, 1e-6);
  check(" (v)", 2 * n / 3, n, relative);
}

for (const name of ["A_tiny", "B_odd"]) {
  Deno.test(`rin() gives ${name}'s outputs and every intermediate, with and without Z_prev`, () => {
    const golden = readGolden(name);
    const params = golden.parameters();
    for (const kind of ["cold", "warm"]) {
      const out = rin(golden.config(), params, {
        x: golden.f64("in.xt"),
        t: golden.f64("in.t"),
        zPrev: kind === "warm" ? golden.f64("in.Z_prev") : undefined,
      });
      const { loss } = meanSquaredError(out.prediction, golden.f64("in.noise"));
      assertAlmostEquals(loss, golden.f64(`${kind}.loss`)[0], 1e-6);
      const mids = golden.withPrefix(`${kind}.mid.`);
      assertEquals([...out.mid.keys()].sort(), [...mids.keys()].sort());
      for (const [mid, expected] of mids) {
        assert(largestDifference(out.mid.get(mid)!, expected) < 2e-6, `${kind}.mid.${mid}`);
      }
      assert(largestDifference(out.prediction, golden.f64(`${kind}.noise_pred`)) < 2e-6, kind);
      assert(largestDifference(out.z, golden.f64(`${kind}.Z`)) < 2e-6, kind);
    }
  });

  Deno.test(`rin() gives the gradient of every parameter of ${name}`, () => {
    const golden = readGolden(name);
    const out = rin(golden.config(), golden.parameters(), {
      x: golden.f64("in.xt"),
      t: golden.f64("in.t"),
      zPrev: golden.f64("in.Z_prev"),
    });
    const { gradient } = meanSquaredError(out.prediction, golden.f64("in.noise"));
    for (const [parameter, found] of out.backward(gradient)) {
      checkGolden(parameter, found, golden.f64(`grad.${parameter}`));
    }
  });

  Deno.test(`the helpers make the names, shapes, and weights of ${name}`, () => {
    const golden = readGolden(name);
    const shapes = parameterShapes(golden.config());
    assertEquals([...shapes.keys()], [...golden.parameters().keys()]);
    const weights = regenerateWeights(golden.config(), Number(golden.metadata.seed));
    for (const [parameter, { shape, data }] of weights) {
      assertEquals(shape, golden.tensor(parameter).shape);
      assertEquals(largestDifference(data, golden.f32(parameter)), 0, parameter);
    }
  });
}

interface Checksum {
  shape: number[];
  n: number;
  norm: number;
  mean: number;
  first: number[];
}

function readChecksums() {
  const file = "C_readme_checksums.json";
  const json = JSON.parse(Deno.readTextFileSync(goldenUrl(file)));
  return {
    config: parseConfig(json.config),
    seed: json.seed as number,
    params: new Map(Object.entries<Checksum>(json.params)),
    gradients: new Map(Object.entries<Checksum>(json.grads_f64)),
  };
}

function norm(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

Deno.test("the helpers regenerate weights with the golden checksums of C_readme", () => {
  const { config, seed, params } = readChecksums();
  assertEquals([...parameterShapes(config).keys()].sort(), [...params.keys()].sort());
  for (const [name, { shape, data }] of regenerateWeights(config, seed)) {
    const expected = params.get(name)!;
    const values = Float64Array.from(data);
    assertEquals(shape, expected.shape);
    assertEquals([...data.slice(0, 8)], expected.first.slice(0, data.length), name);
    assertAlmostEquals(norm(values) / expected.norm, 1, 1e-12, name);
    assertAlmostEquals(mean(values), expected.mean, 1e-12, name);
  }
});

Deno.test("rin() gives C_readme's outputs, and the checksums of every gradient", () => {
  const golden = readGolden("C_readme_io");
  const { config, seed, gradients } = readChecksums();
  const params: Parameters = new Map();
  for (const [name, { data }] of regenerateWeights(config, seed)) {
    params.set(name, Float64Array.from(data));
  }
  const input = { x: golden.f64("in.xt"), t: golden.f64("in.t") };
  const cold = rin(config, params, input);
  assert(largestDifference(cold.prediction, golden.f64("cold.noise_pred")) < 5e-6, "cold");
  assert(largestDifference(cold.z, golden.f64("cold.Z")) < 5e-6, "cold Z");
  const warm = rin(config, params, { ...input, zPrev: golden.f64("in.Z_prev") });
  assert(largestDifference(warm.prediction, golden.f64("warm.noise_pred")) < 5e-6, "warm");
  assert(largestDifference(warm.z, golden.f64("warm.Z")) < 5e-6, "warm Z");
  const { loss, gradient } = meanSquaredError(warm.prediction, golden.f64("in.noise"));
  assertAlmostEquals(loss, golden.f64("warm.loss")[0], 1e-6);
  for (const [name, found] of warm.backward(gradient)) {
    const expected = gradients.get(name)!;
    assertAlmostEquals(norm(found) / expected.norm, 1, 1e-6, name);
    const first = expected.first.slice(0, found.length);
    const error = largestDifference(found.slice(0, first.length), first);
    assert(error <= 1e-6 * largest(found), `${name} is off by ${error}`);
  }
});

Deno.test("the golden reader refuses files that are cut or of another type", () => {
  const file = (header: string, data: number) => {
    const text = new TextEncoder().encode(header);
    const bytes = new Uint8Array(8 + text.length + data);
    bytes[0] = text.length;
    bytes.set(text, 8);
    return bytes;
  };
  const entry = (dtype: string) => `{"a":{"dtype":"${dtype}","shape":[2],"data_offsets":[0,8]}}`;
  assertEquals(parseSafetensors("x", file(entry("F32"), 8)).f32("a").length, 2);
  assertThrows(() => parseSafetensors("x", file(entry("F16"), 8)), Error, "is F16");
  assertThrows(() => parseSafetensors("x", file(entry("F32"), 7)), Error, "a ends at");
  assertThrows(() => parseSafetensors("x", file(entry("F32"), 12)), Error, "end at");
  assertThrows(() => parseSafetensors("x", file("{}", 0).slice(0, 9)), Error, "needs 10");
  assertThrows(() => parseSafetensors("x", new Uint8Array(3)), Error, "3 bytes");
  assertEquals(fnv1a32("foobar"), 0xBF9CF968);
});
