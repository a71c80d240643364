import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type Activation,
  activation,
  activationDerivative,
  erf,
  erfc,
  gelu,
  normalCdf,
  silu,
} from "./activation.ts";

/** [x, erf(x), erfc(x)] from the C library (Python's math module). */
const REFERENCE = [
  [0, 0.0, 1.0],
  [1e-10, 1.1283791670955126e-10, 0.999999999887162],
  [0.01, 0.011283415555849616, 0.9887165844441503],
  [0.3, 0.3286267594591274, 0.6713732405408726],
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [1, 0.8427007929497149, 0.15729920705028513],
  [1.5, 0.9661051464753108, 0.033894853524689274],
  [1.99, 0.995111413199617, 0.004888586800383003],
  [2, 0.9953222650189527, 0.004677734981047265],
  [2.01, 0.9955248493552482, 0.004475150644751763],
  [2.5, 0.999593047982555, 0.0004069520174449589],
  [3, 0.9999779095030014, 2.2090496998585438e-05],
  [4, 0.9999999845827421, 1.541725790028002e-08],
  [5.5, 0.9999999999999927, 7.357847917974398e-15],
  [-0.7, -0.6778011938374184, 1.6778011938374184],
  [-1.99, -0.995111413199617, 1.995111413199617],
  [-2, -0.9953222650189527, 1.9953222650189528],
  [-3.3, -0.9999969422902035, 1.9999969422902035],
  [-6, -1, 2],
];

Deno.test("erf() and erfc() agree with the C library", () => {
  for (const [x, expectedErf, expectedErfc] of REFERENCE) {
    assertAlmostEquals(erf(x), expectedErf, 1e-15);
    assertAlmostEquals(erfc(x), expectedErfc, 1e-15);
    assert(Math.abs(erf(x) - expectedErf) <= 1e-15 * Math.abs(expectedErf), `erf(${x})`);
    assert(Math.abs(erfc(x) - expectedErfc) <= 1e-13 * expectedErfc, `erfc(${x})`);
  }
});

Deno.test("erf() and erfc() have the right limits", () => {
  assertEquals([erf(Infinity), erf(-Infinity), erfc(Infinity), erfc(-Infinity)], [1, -1, 0, 2]);
  assert(Number.isNaN(erf(NaN)) && Number.isNaN(erfc(NaN)));
});

Deno.test("gelu() and silu() give known values", () => {
  assertAlmostEquals(normalCdf(1), 0.8413447460685429, 1e-15);
  assertAlmostEquals(gelu(1), 0.8413447460685429, 1e-15);
  assertAlmostEquals(gelu(-1), -0.15865525393145707, 1e-15);
  assertAlmostEquals(silu(1), 0.7310585786300049, 1e-15);
  assertAlmostEquals(silu(-1), -0.2689414213699951, 1e-15);
  assertEquals([gelu(0), silu(0), gelu(40), silu(800)], [0, 0, 40, 800]);
  assertEquals(Math.abs(gelu(-60)) + Math.abs(silu(-800)), 0);
});

Deno.test("gelu() and silu() have derivatives that agree with finite differences", () => {
  const names: Activation[] = ["none", "gelu", "silu"];
  const step = 1e-5;
  for (const name of names) {
    for (let x = -6; x <= 6; x += 0.37) {
      const above = activation(name, x + step);
      const below = activation(name, x - step);
      const numeric = (above - below) / (2 * step);
      assertAlmostEquals(activationDerivative(name, x), numeric, 1e-9, `${name} at ${x}`);
    }
  }
});
