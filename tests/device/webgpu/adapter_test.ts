// Why there is no GPU: each reason has its own sentence, with advice for where the program runs.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { NoGpuError, type NoGpuReason } from "../../../src/device/errors.ts";
import { requestGpu } from "../../../src/device/webgpu/gpu.ts";

/** A runtime by its globals. */
type Globals = Readonly<Record<string, unknown>>;

async function withGlobals<T>(globals: Globals, run: () => Promise<T>): Promise<T> {
  const before = Object.keys(globals).map((name) =>
    [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const
  );
  try {
    for (const [name, value] of Object.entries(globals)) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
    return await run();
  } finally {
    for (const [name, own] of before) {
      if (own) Object.defineProperty(globalThis, name, own);
      else Reflect.deleteProperty(globalThis, name);
    }
  }
}

const userAgent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0";
const none = { gpu: { requestAdapter: () => Promise.resolve(null) } };
const blocked = { gpu: { requestAdapter: () => Promise.reject(new Error("blocklisted")) } };
const page = { isSecureContext: true };

const found: [name: string, globals: Globals, reason: NoGpuReason, has: RegExp, lacks?: RegExp][] =
  [
    [
      "an edge runtime, or Node",
      { navigator: { userAgent: "Cloudflare-Workers" } },
      "runtime",
      /^This runtime has no WebGPU: update it, or use the CPU device \(requestCpu\)/,
      /apt-get|browser's settings/,
    ],
    ["Node 20, without a navigator", { navigator: undefined }, "runtime", /^This runtime has no/],
    [
      "an old browser",
      { ...page, navigator: { userAgent } },
      "runtime",
      /^This browser has no WebGPU/,
      /apt-get/,
    ],
    [
      "a page without HTTPS",
      { ...page, isSecureContext: false, navigator: { userAgent } },
      "insecure",
      /^This page is not secure, .* serve it over HTTPS or at localhost, or use the CPU/,
      /apt-get|update/,
    ],
    [
      "such a page without its document",
      { isSecureContext: false, navigator: { userAgent } },
      "insecure",
      /^This page is not secure/,
    ],
    [
      "a machine without a driver",
      { navigator: none },
      "adapter",
      /^WebGPU found no adapter: on Linux .*apt-get install libvulkan1 mesa-vulkan-drivers/,
      /browser/,
    ],
    [
      "a browser that finds no GPU",
      { ...page, navigator: { ...none, userAgent } },
      "adapter",
      /^WebGPU found no adapter: turn on hardware acceleration in the browser's settings/,
      /apt-get/,
    ],
    [
      "a browser that refuses the driver",
      { ...page, navigator: { ...blocked, userAgent } },
      "adapter",
      /^WebGPU found no adapter: turn on hardware/,
    ],
  ];

for (const [name, globals, reason, has, lacks] of found) {
  Deno.test(`requestGpu() throws a NoGpuError: ${name}`, async () => {
    const error = await withGlobals(globals, () => assertRejects(() => requestGpu(), NoGpuError));
    assertEquals([error.reason, error.message.match(has)?.index], [reason, 0], error.message);
    assert(!lacks?.test(error.message), error.message);
    assert(error.message.includes("CPU device") && !error.message.includes("\n"), error.message);
  });
}
