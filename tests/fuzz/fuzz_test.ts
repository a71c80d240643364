// A taste of `deno task fuzz`, which reads a hundred times as many.

import { cpuUsage } from "node:process";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { fuzz, type Target } from "./fuzz.ts";
import { Dice, mutate } from "./mutate.ts";
import { TARGETS } from "./targets.ts";

// A process of its own: its time and memory are then those of the readers alone.
Deno.test("fuzzing gives each of 2,000 broken files one clear end, whatever the reader", async () => {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const args = ["run", "-A", "--no-check", main, "2000"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(code, 0, text(stderr));
  const lines = text(stdout).trim().split("\n");
  assertEquals(lines.map((line) => line.split(": 2000 files")[0]), TARGETS.map(({ name }) => name));
  for (const line of lines) {
    const refused = Number(line.match(/(\d+) refused/)?.[1]);
    assert(refused > 200, `the files are not broken enough: ${line}`);
  }
});

const harmless: Target = {
  name: "harmless",
  files: () => [new TextEncoder().encode("0123456789")],
  read: () => {},
  errors: ["CheckpointError"],
  memory: (bytes) => 8 * bytes + 2 ** 16,
};

Deno.test("fuzzing finds crashes, hangs, and wasted memory", async () => {
  const fails = (read: () => unknown, message: string) =>
    assertRejects(() => fuzz({ ...harmless, read }, 3), Error, message);
  await fails(() => {
    throw new TypeError("x is undefined");
  }, "file of seed 0: TypeError: x is undefined");
  const begun = cpuUsage().user;
  await fails(() => {
    // Asking for the time is the system's work, which need not count.
    for (let sum = 0; cpuUsage().user < begun + 1.1e6;) {
      for (let i = 0; i < 1e6; i++) sum += Math.sqrt(i);
    }
  }, "file of seed 0: it took");
  const kept: Uint8Array[] = [];
  await fails(() => kept.push(new Uint8Array(2 ** 20)), "bytes were allocated for");
});

Deno.test("fuzzing gives other files for another seed, and the same for the same one", async () => {
  const files = await harmless.files();
  const made = Array.from({ length: 50 }, (_, seed) => `${mutate(files, new Dice(seed))}`);
  const again = Array.from({ length: 50 }, (_, seed) => `${mutate(files, new Dice(seed))}`);
  assert(made.every((file, i) => file === again[i]));
  assert(new Set(made).size > 40);
  assertNotEquals(made[0], `${files[0]}`);
});
