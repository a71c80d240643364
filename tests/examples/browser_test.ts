// The page of the examples in Chromium: a picture is the same file to the byte as `rin sample` makes on
// this machine's CPU device.

import { assertEquals } from "@std/assert";
import { withFolder, write } from "../data/scratch.ts";
import { ISOLATED, output } from "../device/cpu/runtimes.ts";
import { root } from "../library/modules.ts";
import { hasBrowser, launch } from "../page/browser.ts";
import { sample } from "./sample.ts";
import { CHECKPOINT } from "./served.ts";

const TYPES: Record<string, string> = { html: "text/html", js: "text/javascript" };

/** Serves a folder as a static host does. */
function host(folder: string, headers: Record<string, string>) {
  const onListen = () => {};
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, async ({ url }) => {
    const { pathname } = new URL(url);
    const path = pathname === "/" ? "/index.html" : pathname;
    const type = TYPES[path.replace(/.*\./, "")] ?? "application/octet-stream";
    return await Deno.readFile(folder + path).then(
      (body) => new Response(body, { headers: { "content-type": type, ...headers } }),
      () => new Response(null, { status: 404 }),
    );
  });
}

Deno.test({
  name: "examples/browser draws, on its own thread or on several",
  ignore: !hasBrowser,
  fn: () =>
    withFolder(async (folder) => {
      await write(`${folder}/net.safetensors`, CHECKPOINT);
      await Deno.copyFile(`${root}examples/browser/index.html`, `${folder}/index.html`);
      await output(
        Deno.execPath(),
        ...["bundle", "--quiet", "--platform", "browser", "--minify", "--code-splitting"],
        ...["--config", `${root}deno.json`, "--outdir", `${folder}/rin`],
        ...[`${root}cpu.ts`, `${root}service.ts`],
      );
      const expected = await sample(folder, "--seed", "5", "--steps", "4");
      const browser = await launch(false);
      try {
        for (
          const [headers, threads] of [[{}, /^CPU, 1 thread,/], [
            ISOLATED,
            /^CPU, \d+ thread/,
          ]] as const
        ) {
          await using server = host(folder, headers);
          const page = await browser.newPage();
          const errors: string[] = [];
          page.on("pageerror", ({ message }) => errors.push(message));
          await page.goto(`http://localhost:${server.addr.port}/`);
          await page.waitForSelector("button:not([disabled])");
          await page.fill("#seed", "5");
          await page.fill("#steps", "4");
          await page.click("button");
          await page.waitForSelector("#picture[src]");
          const found: string = await page.evaluate(`(async () => {
            const blob = await (await fetch(document.getElementById("picture").src)).blob();
            const bytes = new Uint8Array(await blob.arrayBuffer());
            return btoa(String.fromCharCode(...bytes));
          })()`);
          assertEquals(errors, []);
          assertEquals(threads.test(await page.innerText("#status")), true);
          assertEquals(found, expected);
          await page.close();
        }
      } finally {
        await browser.close();
      }
    }),
});
