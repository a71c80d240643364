// The vector exponential against the host's.

import { assert, assertEquals } from "@std/assert";
import { compile } from "../../kernels/wasm/build.ts";
import { unshared } from "../../kernels/wasm/unshared.ts";

const INDEX = `import { exp } from "./exp.ts";
export function run(p: usize, end: usize): void { exp(p, end); }`;

for (const arithmetic of ["fused", "exact"] as const) {
  const exp = async (values: readonly number[]) => {
    const bytes = unshared(await compile(arithmetic, { "assembly/index.ts": INDEX }));
    const memory = new WebAssembly.Memory({
      initial: Math.ceil(values.length * 4 / 65536),
      maximum: 65536,
    });
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
    const floats = new Float32Array(memory.buffer, 0, values.length);
    floats.set(values);
    (instance.exports.run as (...args: number[]) => void)(0, floats.byteLength);
    return floats;
  };

  Deno.test(`exp() in ${arithmetic} WebAssembly is within 2 ulp`, async () => {
    const values = Array.from(
      { length: 40_000 },
      (_, i) => Math.fround(-87.3 + i * 175.6 / 40_000),
    );
    const found = await exp(values);
    let worst = 0;
    for (const [i, x] of values.entries()) {
      const wanted = Math.exp(x);
      const ulp = 2 ** (Math.floor(Math.log2(wanted)) - 23);
      worst = Math.max(worst, Math.abs(found[i] - wanted) / ulp);
    }
    assert(worst < 2, `off by ${worst} ulp`);
  });

  Deno.test(`exp() in ${arithmetic} WebAssembly is right at its ends, and for NaN`, async () => {
    const [one, low, lowest, nan, ...high] = await exp([
      0,
      -87.4,
      -Infinity,
      NaN,
      1000,
      Infinity,
      0,
      0,
    ]);
    assertEquals([one, low, lowest, nan], [1, 0, 0, NaN]);
    for (const value of high.slice(0, 2)) assert(value > 2e38 && value < Infinity);
  });
}
