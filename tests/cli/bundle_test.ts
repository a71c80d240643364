// What rin page and rin serve say where the page can't be bundled.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { bundlingFailure } from "../../cli/page/bundle.ts";
import { withFolder, write } from "../data/scratch.ts";

Deno.test({
  name: "rin page explains a failed bundle, offline or with a backtrace",
  // The packed program has its page made.
  ignore: Deno.env.get("RIN_BINARY") !== undefined,
  fn: () =>
    withFolder(async (cwd) => {
      // A cache without the bundler, and a proxy that nothing listens at.
      const env = {
        RUST_BACKTRACE: "full",
        DENO_DIR: `${cwd}/cache`,
        HTTPS_PROXY: "http://127.0.0.1:9",
        HTTP_PROXY: "http://127.0.0.1:9",
        NO_PROXY: "",
      };
      const offline = `import { pageAssets } from "${new URL(
        "../../cli/page/assets.ts",
        import.meta.url,
      )}"; await pageAssets().catch(({ message }) => console.log(message));`;
      await write(`${cwd}/offline.ts`, new TextEncoder().encode(offline));
      const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--config", config, `${cwd}/offline.ts`],
        env,
      }).output();
      const sentence = new TextDecoder().decode(stdout).trim();
      assertStringIncludes(sentence, "Cannot bundle the page: ");
      assertStringIncludes(sentence, "try again with a network");
      assertEquals([sentence.includes("<unknown>"), sentence.includes("\n")], [false, false]);
    }),
});

Deno.test("bundlingFailure() finds the error and its innermost cause in any surroundings", () => {
  const cases: [output: string, sentence: string][] = [
    ["error: Cannot find a.ts\n    at b.ts:1:1\n", "Cannot find a.ts"],
    ["Warning: old\nerror: No entry\n\nStack backtrace:\n   0: <unknown>\n", "No entry"],
    [
      "error: Failed loading x\n\nCaused by:\n    refused (os error 111)\n\nStack backtrace:\n 0: a",
      "Failed loading x (refused (os error 111)); Deno fetches its bundler once: try again with a " +
      "network, or use the packed program",
    ],
    ["error: bad\n\nCaused by:\n    0: first\n    1: last\n", "bad (last)"],
    ["", "Deno did not say why"],
  ];
  for (const [output, sentence] of cases) assertEquals(bundlingFailure(output), sentence);
});
