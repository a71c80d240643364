// kill -9 at any moment costs no more than the steps since the last checkpoint.

import { assertEquals } from "@std/assert";
import { withFolder } from "../data/scratch.ts";
import { KILLED_RUN, killRuns } from "./kill_runs.ts";
import { rin, writePictures } from "./rin.ts";
import { traces } from "../run/small_run.ts";

/** `deno task kill` asks for twenty. */
const KILLS = Number(Deno.env.get("RIN_KILLS") ?? 5);

Deno.test({
  name: `rin train leaves the same run after ${KILLS} kills as without any`,
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (cwd) => {
      await writePictures(`${cwd}/pictures`, 13);
      const steps = 40 * KILLS;
      const whole = await rin([...KILLED_RUN, "--out", "whole", "--steps", `${steps}`], { cwd });
      assertEquals(whole.code, 0, whole.stderr);
      const killed = await killRuns(cwd, { steps, kills: KILLS, seed: 3 });
      console.log(`killed after steps ${killed.steps.join(", ")} of ${steps}`);
      assertEquals(await traces(`${cwd}/killed`), await traces(`${cwd}/whole`));
    }),
});
