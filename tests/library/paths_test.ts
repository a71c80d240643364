import { assertEquals } from "@std/assert";
import { root } from "./modules.ts";

/** The Mesa and RADV of these modules are Linux's. */
const LINUX = /^bench\/gpu_static/;

Deno.test("no module takes the pathname of its URL as a path, which Windows would not find", async () => {
  const taken = /\bnew URL\([^;]*?\bimport\.meta\.url\)\.pathname/;
  const found: string[] = [];
  const look = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(root + folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) await look(path);
      else if (name.endsWith(".ts") && !LINUX.test(path)) {
        if (taken.test(await Deno.readTextFile(root + path))) found.push(path);
      }
    }
  };
  for (const folder of ["bench", "cli", "examples", "kernels", "pack", "src", "tests"]) {
    await look(folder);
  }
  assertEquals(found, []);
});
