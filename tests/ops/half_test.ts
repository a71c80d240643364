// Operations on f16, in every case: to the bit what they give for the same numbers in f32, rounded
// where the result is f16. For those, ops_test.ts has the float64 reference.

import { assertEquals, assertThrows } from "@std/assert";
import { input, output } from "../../kernels/wgsl/operand.ts";
import { lower } from "../../src/device/webgpu/lowering.ts";
import type { FloatType, OpName } from "../../src/graph/ops.ts";
import { Plan } from "../../src/graph/plan.ts";
import { persistent, temporary } from "../../src/graph/tensor.ts";
import { assertSameBits } from "../helpers/close.ts";
import { gpuTest } from "../helpers/gpu.ts";
import type { OpCase, Operand } from "./case.ts";
import { FAMILIES } from "./cases.ts";
import { type Found, runCases } from "./run.ts";

/** What can be f16: parameters, and activations with their gradients. */
const HALVES: { readonly [N in OpName]?: readonly [parameters: string[], activations: string[]] } =
  {
    matmul: [["b", "bias"], ["a", "residual", "pre", "out"]],
    attention: [[], ["q", "kv", "out"]],
    attentionGradient: [[], ["q", "kv", "out", "dout", "dq", "dkv"]],
    layerNorm: [["affine"], ["x", "y"]],
    layerNormInputGradient: [["affine"], ["x", "dy", "dx"]],
    layerNormAffineGradient: [[], ["x", "dy"]],
    patchify: [[], ["x", "y"]],
    depatchify: [[], ["x", "y"]],
    addRows: [["table"], ["x", "previous", "y"]],
    beginLatents: [["start"], ["time", "previous", "y"]],
    joinLatents: [["start"], ["token0", "token1", "previous", "y"]],
    gatherRows: [["table"], ["y"]],
    gatherRowsGradient: [[], ["dy"]],
    maskRows: [[], ["x", "y"]],
    copy: [[], ["x", "y"]],
    add: [[], ["x", "y"]],
    sumMiddle: [[], ["x", "y"]],
    dropout: [[], ["x", "y"]],
    stochasticDepth: [[], ["residual", "branch", "y"]],
    slerp: [[], ["other"]],
    moments: [[], ["x"]],
  };

const rounded = (values: ArrayLike<number>) =>
  Float32Array.from(Float16Array.from(Float32Array.from(values)));

/** The case with numbers that are f16, stored as `type`. */
function stored(one: OpCase, roles: readonly string[], type: FloatType): OpCase {
  const operand = (role: string, given: Operand | string): Operand | string =>
    typeof given === "string" || !roles.includes(role)
      ? given
      : { ...given, type, values: given.values && rounded(given.values) };
  const entries = Object.entries(one.operands).map(([role, given]) => [role, operand(role, given)]);
  return { ...one, operands: Object.fromEntries(entries) };
}

/** The roles of a case that are f16; a gradient of parameters is not. */
function rolesOf({ name, sizes }: OpCase, activations: boolean): string[] {
  const [parameters, rest] = HALVES[name] ?? [[], []];
  const weights = name === "matmul" && (sizes as OpCase<"matmul">["sizes"]).layout === "tn";
  return [...parameters, ...activations ? rest.filter((role) => !weights || role !== "out") : []];
}

/** Of products there are many cases, whose kernels take long to compile: every third will do. */
const fewer = (family: string, cases: readonly OpCase[]) =>
  ["matmul", "attention"].includes(family) ? cases.filter((_, i) => i % 3 === 1) : cases;

for (const [family, all] of Object.entries(FAMILIES)) {
  for (const activations of [false, true]) {
    const cases = fewer(family, all).filter((one) => rolesOf(one, activations).length > 0);
    if (cases.length === 0) continue;
    gpuTest(
      `${family} gives f16 ${activations ? "activations" : "parameters"} the bits of f32`,
      async (gpu) => {
        const run = (type: FloatType) =>
          runCases(gpu, cases.map((one) => stored(one, rolesOf(one, activations), type)));
        const [found, wanted] = [await run("f16"), await run("f32")];
        cases.forEach((one, i) => compareHalf(one, rolesOf(one, activations), found[i], wanted[i]));
      },
      "shader-f16",
    );
  }
}

function compareHalf(one: OpCase, roles: readonly string[], found: Found, wanted: Found): void {
  for (const [role, values] of Object.entries(wanted)) {
    const given = one.operands[role];
    const half = roles.includes(typeof given === "string" ? given : role);
    assertSameBits(
      `${one.name}, ${one.title}: ${role}`,
      found[role],
      half ? rounded(values) : values,
    );
  }
}

Deno.test("lower() refuses f16 where a kernel has none", () => {
  const plan = new Plan();
  const y = { ...temporary(1, 4), type: "f16" as const };
  plan.record("normals", { batch: 1, each: 4 }, { keys: persistent("keys", [1, 2]), y });
  assertThrows(
    () => lower(plan),
    RangeError,
    "Cannot dispatch normals: y is f16, expected array<f32>",
  );
});

Deno.test("input() and output() widen f16 and round to it, and leave f32 alone", () => {
  const of = (width: 1 | 4, type?: FloatType) => {
    const { at } = input("x", width, type);
    const { binding, put } = output("x", width, type);
    return [binding.type, at("i"), put("i", "v")];
  };
  assertEquals(of(1), ["array<f32>", "x[i]", "x[i] = v;"]);
  assertEquals(of(4, "f32"), ["array<vec4<f32>>", "x[i]", "x[i] = v;"]);
  assertEquals(of(1, "f16"), ["array<f16>", "f32(x[i])", "x[i] = f16(v);"]);
  assertEquals(of(4, "f16"), ["array<vec4<f16>>", "vec4<f32>(x[i])", "x[i] = vec4<f16>(v);"]);
});
