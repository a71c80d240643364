// Statistics files as NumPy writes them, and as we do.

import { assertEquals, assertThrows } from "@std/assert";
import { zipSync } from "fflate";
import { readStatistics, writeStatistics } from "../../src/eval/fid_statistics.ts";
import { NpzError, readNpz, writeNpz } from "../../src/eval/npz.ts";
import reference from "./fixtures/distances.json" with { type: "json" };

const fixture = (name: string) => Deno.readFileSync(new URL(`fixtures/${name}`, import.meta.url));

Deno.test("readStatistics() reads NumPy's, stored and deflated", () => {
  for (const name of ["statistics.npz", "statistics_deflated.npz"]) {
    const { mean, covariance } = readStatistics(fixture(name), 6);
    assertEquals([...mean], reference.mean);
    assertEquals([...covariance], reference.covariance.flat());
  }
});

Deno.test("readStatistics() reads what writeStatistics() wrote, with the same bytes each time", () => {
  const gaussian = { mean: Float64Array.of(1, -2.5), covariance: Float64Array.of(1, 0.1, 0.1, 3) };
  const bytes = writeStatistics(gaussian);
  assertEquals(readStatistics(bytes, 2), gaussian);
  assertEquals(writeStatistics(gaussian), bytes);
});

Deno.test("readStatistics() reads float32 and other headers", () => {
  const array = (text: string, bytes: Uint8Array) => {
    const head = Uint8Array.of(0x93, 78, 85, 77, 80, 89, 2, 0, text.length, 0, 0, 0);
    return Uint8Array.from([...head, ...new TextEncoder().encode(text), ...bytes]);
  };
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  const content = new Uint8Array(Float32Array.of(0.5, 7).buffer);
  const read = (npy: Uint8Array) => readNpz(Uint8Array.from(zipSync({ "a.npy": npy })), ["a"]).a;
  assertEquals(read(array(header, content)), { shape: [2], data: Float64Array.of(0.5, 7) });
  const wrong = (npy: Uint8Array, message: string) => {
    assertThrows(() => read(npy), NpzError, message);
  };
  wrong(array(header, content.subarray(1)), "needs 8 bytes, 7 are there");
  wrong(array(header.replace("<f4", "<i4"), content), "not of float32 or float64");
  wrong(array(header.replace("False", "True"), content), "but float32 in Fortran order");
  wrong(content, "does not begin as a .npy file does");
});

Deno.test("readStatistics() refuses other files", () => {
  const read = (bytes: Uint8Array<ArrayBuffer>) => () => readStatistics(bytes, 6);
  assertThrows(read(new Uint8Array(100)), NpzError, "not an .npz file");
  assertThrows(read(fixture("statistics.npz").subarray(0, 500)), NpzError, "not an .npz file");
  const one = { shape: [1], data: Float64Array.of(1) };
  const bad = writeStatistics({ mean: Float64Array.of(1), covariance: Float64Array.of(NaN) });
  assertThrows(() => readStatistics(bad, 1), NpzError, "not finite");
  assertThrows(read(writeNpz({ mu: one })), NpzError, 'no array "sigma"');
  assertThrows(read(writeNpz({ mu: one, sigma: one })), NpzError, "expected (6) and (6, 6)");
});
