// The packed program, started as stub.sh starts it: with no source, no packages and no driver.

import { assert, assertEquals } from "@std/assert";
import { writeProgram } from "../../pack/program.ts";
import { withFolder, write } from "../data/scratch.ts";
import { rin } from "../cli/rin.ts";
import { smallNet } from "../helpers/small_net.ts";

Deno.test("writeProgram() makes a program that draws on the CPU in threads, and contains the page", () =>
  withFolder(async (cwd) => {
    await writeProgram(`${cwd}/rin.js`);
    await write(`${cwd}/net.safetensors`, smallNet());
    const packed = async (...args: string[]) => {
      const stub = ["run", "-A", "--unstable-no-legacy-abort", "--no-config"];
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [...stub, "--no-remote", "--no-npm", "rin.js", ...args],
        cwd,
        env: { NO_COLOR: "1", VK_DRIVER_FILES: "/nonexistent" },
        stdin: "null",
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
    };
    const how = ["sample", "--checkpoint", "net.safetensors", "--device", "cpu", "--seed", "1"];
    const steps = ["--count", "2", "--steps", "5"];
    await packed(...how, ...steps, "--threads", "3", "--out", "packed.png");
    const { code, stderr } = await rin([...how, ...steps, "--out", "source.png"], { cwd });
    assertEquals(code, 0, stderr);
    const read = (name: string) => Deno.readFile(`${cwd}/${name}`);
    assertEquals(await read("packed.png"), await read("source.png"));

    await packed("page", "--checkpoint", "net.safetensors", "--out", "site");
    for (const name of ["index.html", "page.js", "worker.js", "cpu.js"]) {
      assert((await read(`site/${name}`)).length > 1000, name);
    }
  }));
