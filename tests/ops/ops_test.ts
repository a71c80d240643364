// Every operation at odd sizes, on every device, against the float64 reference.

import { assertEquals } from "@std/assert";
import { compile } from "../../src/device/cpu/builds.ts";
import type { Arithmetic } from "../../src/device/cpu/device.ts";
import { requestCpu } from "../../src/device/cpu/request.ts";
import type { Device } from "../../src/device/device.ts";
import { lowerings } from "../../src/device/cpu/lowering/table.ts";
import { assertSameBits } from "../helpers/close.ts";
import { deviceTest } from "../helpers/devices.ts";
import { FAMILIES } from "./cases.ts";
import { EPILOGUES, matmul } from "./matmul.ts";
import { assertSame, check, type Found, runCases } from "./run.ts";

Deno.test("every operation has a case", () => {
  const names = Object.values(FAMILIES).flat().map(({ name }) => name);
  assertEquals([...new Set(names)].sort(), Object.keys(lowerings).sort());
});

for (const [family, cases] of Object.entries(FAMILIES)) {
  deviceTest(
    `${family} agrees with the reference in every case, with the same bits again`,
    async (device) => {
      const found = await runCases(device, cases);
      check(cases, found);
      assertSame(cases, await runCases(device, cases), found);
    },
  );
}

deviceTest("matmul gives a row the same bits among fewer rows", async (device) => {
  // So a picture does not depend on how many are sampled at once.
  const [n, k] = [69, 300];
  for (const layout of ["nt", "nn"] as const) {
    for (const epilogue of EPILOGUES.slice(0, 4)) {
      const cases = [211, 1, 5, 6, 100].map((m) => matmul(layout, [m, n, k], epilogue));
      const [many, ...fewer] = await runCases(device, cases);
      for (const { out } of fewer) {
        assertSameBits(`${layout} ${out.length / n}`, out, many.out.subarray(0, out.length));
      }
    }
  }
});

/** A device of a build of the kernels; one without threads computes on the host. */
async function cpuOf(arithmetic: Arithmetic, threads?: number): Promise<Device> {
  const module = await compile(threads === undefined ? "alone" : "threads", arithmetic);
  return await requestCpu({ module, threads });
}

async function runAll(device: Device): Promise<Record<string, Found[]>> {
  try {
    const found: Record<string, Found[]> = {};
    for (const [family, cases] of Object.entries(FAMILIES)) {
      found[family] = await runCases(device, cases);
    }
    return found;
  } finally {
    device.destroy();
  }
}

for (const arithmetic of ["fused", "exact"] as const) {
  Deno.test(`${arithmetic} arithmetic gives every case the same bits with any number of threads`, async () => {
    const wanted = await runAll(await cpuOf(arithmetic));
    for (const [family, cases] of Object.entries(FAMILIES)) check(cases, wanted[family]);
    for (const threads of [1, 2, 5]) {
      const found = await runAll(await cpuOf(arithmetic, threads));
      for (const [family, cases] of Object.entries(FAMILIES)) {
        assertSame(cases, found[family], wanted[family]);
      }
    }
  });
}
