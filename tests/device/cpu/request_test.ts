// How the CPU device is set up, and what is said where that is impossible.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type CpuOptions, requestCpu } from "../../../src/device/cpu/request.ts";
import { startThreads } from "../../../src/device/cpu/threads.ts";
import { type Thread, waysToStart } from "../../../src/device/cpu/worker.ts";
import { NoCpuError, type NoCpuReason } from "../../../src/device/cpu/errors.ts";
import { DeviceLimitError, DeviceLostError } from "../../../src/device/errors.ts";
import { persistent } from "../../../src/graph/tensor.ts";
import { addPlan, aloneModule, filled, onEachRunner, values } from "./plans.ts";

async function wasm(name: string): Promise<WebAssembly.Module> {
  const url = new URL(`../../../kernels/wasm/${name}.wasm`, import.meta.url);
  return await WebAssembly.compile(await Deno.readFile(url));
}

/** Three additions of 2. */
async function use(device: Awaited<ReturnType<typeof requestCpu>>): Promise<void> {
  const { plan, x, y } = addPlan(20_000, 3);
  const program = await device.compile(plan);
  device.write(x, filled(20_000, 2));
  program.run();
  assertEquals(values(await device.read(y)), [6]);
}

Deno.test("requestCpu() takes the machine's threads, at most 16, by default", async () => {
  const device = await requestCpu();
  assertEquals(device.threads, Math.min(16, navigator.hardwareConcurrency));
  assertEquals([device.backend, device.supportsF16], ["cpu", false]);
  await use(device);
  device.destroy();
});

Deno.test("requestCpu() runs an imported build for threads in threads", async () => {
  const device = await requestCpu({ threads: 3, module: await wasm("exact_threads") });
  assertEquals(
    device.description,
    "CPU, 3 threads, WebAssembly SIMD without fused multiply-add",
  );
  await use(device);
  device.destroy();
});

Deno.test("requestCpu() runs an imported build for one thread on the host", async () => {
  const device = await requestCpu({ threads: 3, module: await aloneModule() });
  assertEquals(
    device.description,
    "CPU, 1 thread, WebAssembly SIMD without fused multiply-add",
  );
  assertEquals(device.arithmetic, "exact");
  await use(device);
  device.destroy();
});

async function assertRefused(options: CpuOptions, reason: NoCpuReason, sentence: string) {
  const error = await assertRejects(() => requestCpu(options), NoCpuError, sentence);
  assertEquals(error.reason, reason);
}

/** Does something while a function of WebAssembly is another. */
async function replacing<N extends "compile" | "validate">(
  name: N,
  other: (typeof WebAssembly)[N],
  action: () => Promise<void>,
): Promise<void> {
  const original = WebAssembly[name];
  WebAssembly[name] = other;
  try {
    await action();
  } finally {
    WebAssembly[name] = original;
  }
}

Deno.test("requestCpu() takes the exact build if the fused one's instructions are unknown", async () => {
  let asked = 0;
  await replacing("validate", () => asked++ > 0, async () => {
    const device = await requestCpu({ threads: 2 });
    assertEquals([device.arithmetic, device.threads], ["exact", 2]);
    await use(device);
    device.destroy();
  });
  await replacing("validate", () => false, async () => {
    await assertRefused({}, "simd", "This runtime has no WebAssembly SIMD");
  });
});

Deno.test("requestCpu() names the helpful option if the runtime compiles no bytes", async () => {
  const refuse = () => Promise.reject(new WebAssembly.CompileError("disallowed by embedder"));
  await replacing("compile", refuse, async () => {
    await assertRefused(
      {},
      "compile",
      "This runtime compiles no WebAssembly: import a .wasm file of kernels/wasm and pass it as " +
        "`module` (disallowed by embedder)",
    );
  });
});

Deno.test("requestCpu() says what an unusable module is", async () => {
  // An empty module, and one that imports a function.
  const header = [0, 97, 115, 109, 1, 0, 0, 0];
  const imports = [1, 4, 1, 96, 0, 0, 2, 7, 1, 1, 97, 1, 98, 0, 0];
  for (const bytes of [header, [...header, ...imports]]) {
    const module = new WebAssembly.Module(new Uint8Array(bytes));
    await assertRefused({ module }, "module", "`module` is another program: pass fused.wasm or");
  }
  const bytes = new Uint8Array(header);
  const namespace = await import("../../../kernels/wasm/unshared.ts");
  for (const [given, type] of [[bytes, "Uint8Array"], [namespace, "Module"], ["fused", "String"]]) {
    const module = given as unknown as WebAssembly.Module;
    await assertRefused(
      { module },
      "module",
      `\`module\` is of the type ${type}: expected a WebAssembly.Module, as importing`,
    );
  }
});

Deno.test("requestCpu() refuses a build for threads if no memory can be shared", async () => {
  const module = await wasm("fused_threads");
  const shared = globalThis.SharedArrayBuffer;
  // What a page finds that is not isolated.
  Object.assign(globalThis, { SharedArrayBuffer: undefined });
  try {
    await assertRefused({ module }, "module", "`module` is a build for threads, and this runtime");
  } finally {
    Object.assign(globalThis, { SharedArrayBuffer: shared });
  }
});

Deno.test("requestCpu() refuses impossible threads and limits", async () => {
  for (const module of [undefined, await aloneModule()]) {
    for (const threads of [0, -1, 1.5, NaN, 257]) {
      const asked = () => requestCpu({ threads, module });
      await assertRejects(asked, RangeError, "expected a whole number from 1 to 256");
    }
    for (const memoryLimit of [0, NaN, 2 ** 20 - 1, 2 ** 32 + 1]) {
      const asked = () => requestCpu({ memoryLimit, module });
      await assertRejects(asked, RangeError, "expected a number from 1048576 to 4294967296");
    }
  }
});

Deno.test("requestCpu() refuses what exceeds the memory limit in one sentence", async () => {
  for (const options of [{ threads: 2 }, { module: await aloneModule() }]) {
    const device = await requestCpu({ ...options, memoryLimit: 10 * 2 ** 20 + 1 });
    const storage = (mib: number) => persistent("parameters", [mib * 2 ** 18]);
    await device.read(storage(4));
    await assertRejects(
      () => device.read(storage(8)),
      DeviceLimitError,
      "This model needs 8 MiB (parameters) beside the 4 MiB in use, and the CPU device's memory " +
        "ends at 10 MiB",
    );
    await device.read(storage(4));
    device.destroy();
  }
});

Deno.test("requestCpu() uses no timers if none can be set while modules load", async () => {
  const { timersStay } = await import("../../../src/device/timers.ts");
  const original = globalThis.setTimeout;
  globalThis.setTimeout = (() => {
    throw new Error("Disallowed operation called within global scope");
  }) as unknown as typeof setTimeout;
  try {
    const url = new URL("../../../src/device/timers.ts#anew", import.meta.url).href;
    assertEquals([timersStay, (await import(url)).timersStay], [true, false]);
  } finally {
    globalThis.setTimeout = original;
  }
});

Deno.test("waysToStart() lists ways that all work, and startThreads() tries the next if one fails", async () => {
  const module = await wasm("exact_threads");
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
  const setup = { module, memory, threads: 2, barrier: 1024 };
  const ways = waysToStart();
  assertEquals(ways.length, 3, "Node's workers, blobs, data URLs");
  for (const way of ways) {
    const threads = await startThreads(setup, [way]);
    assertEquals(threads?.length, 2);
    threads?.forEach((thread) => thread.stop());
  }
  let stopped = 0;
  const broken = (): Thread => ({
    send() {},
    listen: (onAnswer) => queueMicrotask(() => onAnswer({ type: "failed", message: "no" })),
    hold() {},
    stop: () => void stopped++,
  });
  const refused = () => {
    throw new Error("The policy forbids it");
  };
  const threads = await startThreads(setup, [broken, refused, ways[0]]);
  assertEquals([threads?.length, stopped], [2, 2]);
  threads?.forEach((thread) => thread.stop());
  assertEquals(await startThreads(setup, [broken, refused]), undefined);
});

onEachRunner(
  "CpuDevice reports a kernel's error to all who wait, and to later callers",
  async (device) => {
    const { plan, x, y } = addPlan(1000);
    plan.record("copy", { size: 1000 }, { x: { ...x, offset: 2 ** 28 }, y });
    const program = await device.compile(plan);
    program.run();
    const waiting = [device.idle(), device.read(y), program.profile(), device.idle()];
    for (const result of await Promise.allSettled(waiting)) {
      assert(result.status === "rejected" && result.reason instanceof DeviceLostError);
      assert(
        /^The CPU device failed: RuntimeError: memory access out of bounds/
          .test(result.reason.message),
      );
    }
    assertThrows(() => program.run(), DeviceLostError, "out of bounds");
    assertThrows(() => device.check(), DeviceLostError, "out of bounds");
    await assertRejects(() => device.idle(), DeviceLostError, "out of bounds");
  },
);
