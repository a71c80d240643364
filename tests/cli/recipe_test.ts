// The paper's recipe, and all else that training can be asked for, at the command line.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withFolder } from "../data/scratch.ts";
import { complaint, lastStep, metrics, rin, TINY, writePictures } from "./rin.ts";

const RECIPE = [
  ...["--optimizer", "lamb", "--accumulate", "2", "--loss-space", "v", "--min-snr", "5"],
  ...["--schedule", "sigmoid(-3,3,0.9)", "--input-scale", "0.5", "--normalize-input"],
  ...["--lr-schedule", "cosine@0.7", "--lr-end", "0.0001"],
  ...["--offset-noise", "0.1", "--ema-warmup", "power", "--ema-start", "1", "--ema-every", "2"],
  ...["--clip", "0", "--lr", "0.002"],
];

Deno.test({
  name: "rin train accepts every part of a recipe, and resumes with it",
  fn: () =>
    withFolder(async (cwd) => {
      await writePictures(`${cwd}/pictures`, 8);
      const args = ["--data", "pictures", "--out", "run", "--steps", "4", "--save-every", "2"];
      const run = await rin(["train", ...TINY, ...RECIPE, ...args], { cwd });
      assertEquals(run.code, 0, run.stderr);
      const config = JSON.parse(await Deno.readTextFile(`${cwd}/run/config.json`));
      assertEquals(
        [config.optimizer, config.accumulate, config.lrSchedule, config.inputScale, config.clip],
        ["lamb", 2, "cosine@0.7", 0.5, 0],
      );
      const rates = (await metrics(`${cwd}/run`)).flatMap(({ lr }) => lr === undefined ? [] : lr);
      const second = 1e-4 + 0.0019 * (1 + Math.cos(0.7 * Math.PI / 4)) / 2;
      assertEquals(rates.slice(0, 2), [0.002, Number(second.toPrecision(8))]);
      const more = await rin(["train", "--resume", "run", "--steps", "6"], { cwd });
      assertEquals(more.code, 0, more.stderr);
      assertEquals(await lastStep(`${cwd}/run`), 6);
    }),
});

Deno.test("rin train names the flag of an impossible recipe", async () => {
  const refused = async (...flags: string[]) =>
    complaint(await rin(["train", ...flags], { env: { RIN_COMMAND: "rin" } }));
  assertStringIncludes(await refused("--accumulate", "3"), "--accumulate 3 does not divide");
  assertStringIncludes(await refused("--lr-end", "1"), "--lr-end is 1: expected at most");
  assertStringIncludes(await refused("--lr-schedule", "cosine@2"), '--lr-schedule is "cosine@2"');
  assertStringIncludes(
    await refused("--input-scale", "0"),
    "--input-scale is 0: expected a number",
  );
});

Deno.test("docs/recipes.md names flags and presets that exist", async () => {
  const page = await Deno.readTextFile(new URL("../../docs/recipes.md", import.meta.url));
  const helps = await Promise.all(["train", "sample", "eval"].map((name) => rin([name, "--help"])));
  const known = helps.map(({ stdout }) => stdout).join();
  const flags = new Set(page.match(/(?<![\w-])--[a-z][\w-]*/g));
  for (const flag of flags) assertMatch(known, new RegExp(`${flag}(?![\\w-])`), flag);
  for (const [, name] of page.matchAll(/--preset (\w+)/g)) assertStringIncludes(known, name);
  assertEquals(flags.size > 40, true, `${flags.size} flags`);
});
