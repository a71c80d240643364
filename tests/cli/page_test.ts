// rin page: the folder that it writes. What the page does is tested in tests/page.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { sha256 } from "../../src/model/identity.ts";
import { withFolder, write } from "../data/scratch.ts";
import { smallNet } from "../helpers/small_net.ts";
import { complaint, rin } from "./rin.ts";

Deno.test("rin page writes static files with a checkpoint for sampling and its description", async () => {
  await withFolder(async (cwd) => {
    await write(`${cwd}/runs/pets/last.safetensors`, smallNet(1));
    const { code, stdout, stderr } = await rin(
      ["page", "--checkpoint", "runs/pets", "--out", "site/"],
      { cwd },
    );
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "Wrote site: a page and its checkpoint of 0.0");
    const names = (await Array.fromAsync(Deno.readDir(`${cwd}/site`), ({ name }) => name)).sort();
    assertEquals(names, [
      "checkpoint.safetensors",
      "cpu.js",
      "index.html",
      "model.json",
      "page.css",
      "page.js",
      "worker.js",
    ]);
    const bytes = await Deno.readFile(`${cwd}/site/checkpoint.safetensors`);
    const model = JSON.parse(await Deno.readTextFile(`${cwd}/site/model.json`));
    assertEquals([model.name, model.server], ["pets", false]);
    assertEquals(model.checkpoint, {
      url: "checkpoint.safetensors",
      sha256: await sha256(bytes),
      bytes: bytes.length,
    });
    assertEquals(model.about.same_weights_as, await sha256(smallNet(1)));
    assertEquals(model.config, readCheckpoint(bytes).config);
    // Everything is asked for relative to the page, and nothing from elsewhere.
    const html = await Deno.readTextFile(`${cwd}/site/index.html`);
    for (const [, path] of html.matchAll(/(?:src|href)="([^"]*)"/g)) {
      assert(path.startsWith("data:") || names.includes(path), path);
    }
    // Small enough to be there at once; docs/page.md tells the sizes.
    for (
      const [name, most] of [["page.js", 64_000], ["worker.js", 150_000], [
        "cpu.js",
        120_000,
      ]] as const
    ) {
      const { size } = await Deno.stat(`${cwd}/site/${name}`);
      assert(size < most, `${name} has ${size} bytes`);
    }
    const half = ["--dtype", "f16", "--out", "half"];
    assertEquals((await rin(["page", "--checkpoint", "runs/pets", ...half], { cwd })).code, 0);
    const { size } = await Deno.stat(`${cwd}/half/checkpoint.safetensors`);
    assert(size < 0.7 * bytes.length, `${size}`);
  });
});

Deno.test("rin page refuses what it can't do in one sentence", async () => {
  await withFolder(async (cwd) => {
    const say = async (args: string[], code = 1) =>
      complaint(await rin(["page", ...args], { cwd }), code);
    assertStringIncludes(await say([], 2), "Which checkpoint?");
    assertStringIncludes(await say(["--checkpoint", "gone"]), "no such file");
    await write(`${cwd}/net.safetensors`, smallNet(1));
    await write(`${cwd}/file`, "");
    const onFile = ["--checkpoint", "net.safetensors", "--out", "file"];
    assertStringIncludes(await say(onFile), "Cannot make folder file");
  });
});

Deno.test({
  name: "rin page names the permission that it lacks to bundle",
  ignore: Deno.env.get("RIN_BINARY") !== undefined,
  fn: () =>
    withFolder(async (cwd) => {
      await write(`${cwd}/net.safetensors`, smallNet(1));
      const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--no-check", "--allow-read", "--allow-env", `--allow-write=${cwd}`, main],
          ...["page", "--checkpoint", "net.safetensors"],
        ],
        env: { NO_COLOR: "1" },
        cwd,
        stdin: "null",
      }).output();
      const said = new TextDecoder().decode(stderr).trim();
      assertEquals(code, 1, said);
      assertStringIncludes(said, "rin: rin makes the page from its source, which needs");
      assertEquals(said.split("\n").length, 1, said);
    }),
});
