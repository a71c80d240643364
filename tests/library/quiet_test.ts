// What a script that uses the library has on its terminal.

import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

Deno.test("requestGpu() prints nothing of Mesa's", async () => {
  const entry = new URL("../../sampler.ts", import.meta.url).href;
  const code = `import { requestGpu } from "${entry}";
    const gpu = await requestGpu().catch(() => undefined);
    gpu?.destroy();`;
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const env = { ...Deno.env.toObject(), NO_COLOR: "1" };
  delete (env as Record<string, string>).XDG_RUNTIME_DIR;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--config",
      config,
      `data:text/typescript,${encodeURIComponent(code)}`,
    ],
    clearEnv: true,
    env,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals([success, text(stdout), text(stderr)], [true, "", ""]);
});
