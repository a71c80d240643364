// What `rin sample` makes of the checkpoint of an example.

import { assertEquals } from "@std/assert";
import { rin } from "../cli/rin.ts";

/** The file of a picture, made on the CPU device from `net.safetensors` in a folder. */
export async function sample(cwd: string, ...flags: string[]): Promise<string> {
  const args = ["sample", "--device", "cpu", "--checkpoint", "net.safetensors", "--count", "1"];
  const { code, stderr } = await rin([...args, ...flags, "--out", "sample.png"], { cwd });
  assertEquals(code, 0, stderr);
  return (await Deno.readFile(`${cwd}/sample.png`)).toBase64();
}
