// The example that trains by the library draws the same file to the byte as `rin sample` does with what
// it trained.

import { assertEquals } from "@std/assert";
import { writePictures } from "../cli/rin.ts";
import { withFolder } from "../data/scratch.ts";
import { root } from "../library/modules.ts";
import { sample } from "./sample.ts";

Deno.test("examples/train_and_sample trains on a folder of PNGs and draws", () =>
  withFolder(async (cwd) => {
    await writePictures(`${cwd}/pictures`, 5);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-check", "--config", `${root}deno.json`, "--no-prompt"],
        ...["--allow-read=.", "--allow-write=."],
        ...[`${root}examples/train_and_sample/main.ts`, "pictures", "20"],
      ],
      cwd,
      env: { NO_COLOR: "1", DENO_WEBGPU_BACKEND: "vulkan", VK_DRIVER_FILES: "/nowhere.json" },
    }).output();
    assertEquals(success, true, new TextDecoder().decode(stderr));
    const expected = await sample(cwd, "--seed", "1", "--steps", "25");
    assertEquals((await Deno.readFile(`${cwd}/picture.png`)).toBase64(), expected);
  }));
