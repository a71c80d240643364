// The CPU device in other processes and runtimes: without permissions, without being ended, in Node,
// and in a browser with shared memory and without.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { bundle, chromium, currentBun, inChromium, ISOLATED, node, output } from "./runtimes.ts";

const script = new URL("anywhere.ts", import.meta.url);
const bundled = await bundle(script);

Deno.test("requestCpu() needs no permission, and waiting threads let the process end", async () => {
  const text = await output(Deno.execPath(), "run", "--no-prompt", script.href);
  assertEquals(text.replace(/with(out)? fused/, "? fused"), TWO_THREADS);
});

const TWO_THREADS = "CPU, 2 threads, WebAssembly SIMD ? fused multiply-add: 465, " +
  `${Math.min(16, navigator.hardwareConcurrency)} by default`;

Deno.test("requestCpu() gives the same bundled and minified", async () => {
  const text = await output(Deno.execPath(), "run", "--no-prompt", bundled);
  assertEquals(text.replace(/with(out)? fused/, "? fused"), TWO_THREADS);
});

for (const [runtime, command] of [["Node", node], ["Bun", await currentBun()]]) {
  Deno.test({
    name: `${runtime} runs the CPU device`,
    ignore: command === undefined,
    fn: async () => {
      const text = await output(command!, bundled);
      assertEquals(text.replace(/with(out)? fused/, "? fused"), TWO_THREADS);
    },
  });
}

const inBrowser = (name: string, expected: string, headers: Record<string, string>) =>
  Deno.test({
    name: `a browser runs the CPU device ${name}`,
    ignore: chromium === undefined,
    fn: async () => {
      const text = await inChromium(bundled, headers);
      assertStringIncludes(text, expected);
      assertStringIncludes(text, "fused multiply-add: 465");
    },
  });

inBrowser("with threads where memory can be shared", "CPU, 2 threads", ISOLATED);
inBrowser("on the page's own thread elsewhere", "CPU, 1 thread", {});
for (const [name, source] of [["data", "data:"], ["blob", "blob:"]]) {
  inBrowser(`with threads where the page's policy allows only ${name} URLs`, "CPU, 2 threads", {
    ...ISOLATED,
    "content-security-policy": `script-src 'self' 'wasm-unsafe-eval'; worker-src ${source}`,
  });
}
inBrowser("on the page's own thread where its policy allows no worker", "CPU, 1 thread", {
  ...ISOLATED,
  "content-security-policy": "script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'",
});
