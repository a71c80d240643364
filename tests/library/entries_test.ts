// The package's entries: what each of them drags in, how small they are in a browser, and
// that the examples in their documentation run.

import { gzipSync } from "node:zlib";
import { assert, assertEquals } from "@std/assert";
import { withFolder } from "../data/scratch.ts";
import { available } from "../helpers/gpu.ts";
import { deno, modulesOf, root } from "./modules.ts";
import settings from "../../deno.json" with { type: "json" };

const entries = Object.values(settings.exports).map((path) => path.slice(2));

/** Looks for Deno, and does nothing where there is none. */
const LOOKS = "src/device/webgpu/quiet_mesa.ts";

/** What sampling needs beside a device. */
const SAMPLING = /^src\/(sampling\.ts$|(diffusion|model|nn|graph|options)\/|device\/\w+\.ts$)/;

for (
  const [entry, device, other] of [
    ["sampler.ts", /^(src\/device\/webgpu|kernels\/wgsl)\//, "cpu"],
    ["cpu.ts", /^(src\/device\/cpu|kernels\/wasm)\//, "webgpu"],
    // The kernels are given: their texts are not dragged in.
    ["cpu_module.ts", /^(src\/device\/cpu|kernels\/wasm\/assembly)\//, "webgpu"],
  ] as const
) {
  Deno.test(`${entry} needs no training, no data, no Deno, and not the ${other} device`, async () => {
    const modules = await modulesOf(entry);
    assert(modules.includes("src/diffusion/rin.ts"));
    assert(modules.some((module) => device.test(module)));
    for (const module of modules) {
      const own = [entry, "kernels/shapes.ts"].includes(module);
      assert(own || SAMPLING.test(module) || device.test(module), module);
      const code = (await Deno.readTextFile(root + module)).replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
      assert(module === LOOKS || !/\bDeno\b/.test(code), `${module} uses Deno`);
    }
  });
}

Deno.test("service.ts needs no training, no files, no command line, no Deno, and no Node", async () => {
  for (const module of await modulesOf("service.ts")) {
    const own =
      /^(service\.ts$|deno\.json$|src\/(service|picture|data|formats|diffusion|model|nn|graph|options|device)\/|kernels\/)/;
    if (/^(npm:|node_modules\/|https?:)/.test(module)) continue;
    assert(own.test(module), module);
    if (!module.endsWith(".ts")) continue;
    const code = (await Deno.readTextFile(root + module)).replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
    assert(module === LOOKS || !/\bDeno\b/.test(code), `${module} uses Deno`);
  }
});

Deno.test("kernels.ts needs only kernels, and train.ts no data", async () => {
  for (const module of await modulesOf("kernels.ts")) assert(/^kernels[./]/.test(module), module);
  for (const module of await modulesOf("train.ts")) {
    const own = /^(train\.ts$|src\/(train|diffusion|model|nn|graph|options|device)\/|kernels\/)/;
    assert(own.test(module), module);
  }
});

Deno.test("training_run.ts knows no command line, no terminal, and no signals", async () => {
  const modules = await modulesOf("training_run.ts");
  assert(modules.includes("src/run/training_run.ts"));
  const processWide =
    /\bDeno\.(exit|args|std(in|out|err)|(add|remove)SignalListener)\b|\bconsole\./;
  for (const module of modules) {
    assert(!/^(cli|page|src\/service)\//.test(module), module);
    if (!/^src\/(run|files)\//.test(module)) continue;
    const code = (await Deno.readTextFile(root + module)).replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
    assert(!processWide.test(code), `${module} uses ${processWide.exec(code)?.[0]}`);
  }
});

/** Bytes of a module and what it needs, as bundlers make it for a browser: plain and gzipped. */
async function bundled(folder: string, code: string): Promise<[plain: number, gzipped: number]> {
  await Deno.writeTextFile(`${folder}/entry.ts`, code);
  await deno([
    ...["bundle", "--quiet", "--platform", "browser", "--minify"],
    ...["--output", `${folder}/out.js`, `${folder}/entry.ts`],
  ]);
  const bytes = await Deno.readFile(`${folder}/out.js`);
  // As a host packs files that stay as they are.
  return [bytes.length, gzipSync(bytes, { level: 9 }).length];
}

const KB = 1024;

Deno.test("a browser's bundle is small, and leaves out what isn't used", () =>
  withFolder(async (folder) => {
    for (
      const [names, entry, most, mostGzipped] of [
        ["requestGpu, Rin", "sampler.ts", 112 * KB, 41 * KB],
        // With its WebAssembly.
        ["requestCpu, Rin", "cpu.ts", 160 * KB, 60 * KB],
        // Without it.
        ["requestCpu, Rin", "cpu_module.ts", 100 * KB, 30 * KB],
      ] as const
    ) {
      const [plain, gzipped] = await bundled(folder, `export { ${names} } from "${root}${entry}";`);
      assert(plain < most, `${entry}: ${plain} bytes minified`);
      assert(gzipped < mostGzipped, `${entry}: ${gzipped} bytes gzipped`);
      if (entry === "cpu_module.ts") continue; // not in the main entry: there ./cpu has its names
      const [throughMain] = await bundled(folder, `export { ${names} } from "${root}mod.ts";`);
      assert(throughMain < plain + 2_000, `${throughMain} bytes from the main entry, not ${plain}`);
    }
    // A training run reads and writes files: it is not for browsers.
    for (const entry of entries.filter((name) => name !== "training_run.ts")) {
      const [unused] = await bundled(folder, `import "${root}${entry}";`);
      // jpeg-js is CommonJS, of which bundlers leave nothing out.
      const most = entry === "service.ts" ? 16_000 : 2_000;
      assert(unused < most, `${unused} bytes of ${entry} stay where nothing of it is used`);
    }
  }));

Deno.test({
  name: "the documentation's examples run",
  ignore: !available,
  fn: () =>
    withFolder(async (folder) => {
      // In the project itself unused imports are errors, and Deno adds imports of its own to examples.
      const own = Object.entries(settings.exports).map(([name, path]) => [
        `@rin/rin${name.slice(1)}`,
        new URL(`../../${path}`, import.meta.url).href,
      ]);
      const std = { "@std/assert": new URL("../../links/assert/mod.ts", import.meta.url).href };
      const imports = { ...settings.imports, ...std, ...Object.fromEntries(own) };
      await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports }));
      const declared = ["diffusion/rin", "train/trainer", "run/train", "run/logger"];
      const out = await deno([
        ...["test", "--no-lock", "--allow-all", "--config", `${folder}/deno.json`, "--doc"],
        ...entries,
        ...declared.map((name) => `src/${name}.ts`),
      ]);
      const [, passed, failed] = /(\d+) passed .*?(\d+) failed/.exec(out) ?? [];
      assertEquals([passed, failed], ["13", "0"], out);
    }),
});
