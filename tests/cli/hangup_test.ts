// A terminal that is closed: the run saves and ends, or under nohup goes on.

import { assertEquals } from "@std/assert";
import { withFolder } from "../data/scratch.ts";
import { lastStep, metrics, outcome, startRin, TINY, until, writePictures } from "./rin.ts";

const ignore = Deno.build.os !== "linux";
const ENDLESS = ["train", ...TINY, "--data", "pictures", "--steps", "1000000", "--out", "r"];

async function stepsOf(folder: string): Promise<number> {
  return (await metrics(folder)).length;
}

Deno.test({
  name: "rin train saves and ends at SIGHUP",
  ignore,
  fn: () =>
    withFolder(async (cwd) => {
      await writePictures(`${cwd}/pictures`, 5);
      const child = startRin(ENDLESS, { cwd });
      await until(async () => await stepsOf(`${cwd}/r`) > 10);
      child.kill("SIGHUP");
      const { code, stderr } = await outcome(child);
      assertEquals(code, 130, stderr);
      assertEquals(await lastStep(`${cwd}/r`), (await metrics(`${cwd}/r`)).at(-1)!.step);
    }),
});

Deno.test({
  name: "rin train outlives SIGHUP under nohup",
  ignore,
  fn: () =>
    withFolder(async (cwd) => {
      await writePictures(`${cwd}/pictures`, 5);
      const child = startRin(ENDLESS, { cwd, under: "nohup" });
      await until(async () => await stepsOf(`${cwd}/r`) > 10);
      child.kill("SIGHUP");
      const before = await stepsOf(`${cwd}/r`);
      await until(async () => await stepsOf(`${cwd}/r`) > before + 100);
      child.kill("SIGTERM");
      assertEquals((await outcome(child)).code, 130);
    }),
});
