// The CPU device in other processes and runtimes: without permissions, without being ended, in Node,
// and in a browser with shared memory and without.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { launch } from "../../page/browser.ts";

const script = new URL("anywhere.ts", import.meta.url);

async function output(command: string, ...args: string[]): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(command, {
    args,
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(60_000),
  }).output();
  const decoder = new TextDecoder();
  assertEquals(success, true, decoder.decode(stderr) + decoder.decode(stdout));
  return decoder.decode(stdout).trim();
}

/** The script and all that it imports in one file. */
async function bundle(): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".mjs" });
  await output(
    Deno.execPath(),
    ...["bundle", "--quiet", "--platform", "browser", "--minify", "-o", path, script.pathname],
  );
  return path;
}

const bundled = await bundle();
addEventListener("unload", () => Deno.removeSync(bundled));

const path = async (name: string) => {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    const file = `${folder}/${name}`;
    if (await Deno.stat(file).then(({ isFile }) => isFile, () => false)) return file;
  }
};

Deno.test("no permission is needed, and threads that wait let the process end", async () => {
  const text = await output(Deno.execPath(), "run", "--no-prompt", script.pathname);
  assertEquals(text.replace(/with(out)? fused/, "? fused"), TWO_THREADS);
});

const TWO_THREADS = "CPU, 2 threads, WebAssembly SIMD ? fused multiply-add: 465";

Deno.test("bundled and minified it is the same", async () => {
  const text = await output(Deno.execPath(), "run", "--no-prompt", bundled);
  assertEquals(text.replace(/with(out)? fused/, "? fused"), TWO_THREADS);
});

for (const runtime of ["node", "bun"]) {
  const command = await path(runtime);
  Deno.test({
    name: `${runtime} runs it`,
    ignore: command === undefined,
    fn: async () => {
      const text = await output(command!, bundled);
      assertEquals(text.replace(/with(out)? fused/, "? fused"), TWO_THREADS);
    },
  });
}

const chromium = await path("chromium");

/** What the script says in a page that is served with some headers. */
async function inChromium(headers: Record<string, string>): Promise<string> {
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
    await page.waitForFunction("globalThis.outcome");
    return await page.evaluate("globalThis.outcome");
  } finally {
    await browser.close();
    await server.shutdown();
  }
}

const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

const inBrowser = (name: string, expected: string, headers: Record<string, string>) =>
  Deno.test({
    name: `a browser runs it ${name}`,
    ignore: chromium === undefined,
    fn: async () => {
      const text = await inChromium(headers);
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
