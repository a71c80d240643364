// Runs that are killed again and again without a word, and go on until they are done.

import { Dice } from "../fuzz/mutate.ts";
import { metrics, outcome, rin, startRin, TINY } from "./rin.ts";

/** The run: validations, samples and three kinds of checkpoints fall on different steps. */
export const KILLED_RUN = [
  ...["train", ...TINY, "--data", "pictures", "--flip", "--quiet"],
  ...["--save-every", "7", "--keep-every", "20", "--keep-checkpoints", "2", "--valid-every", "25"],
  ...["--sample-every", "30", "--log-every", "9", "--lr-schedule", "plateau"],
];

/** How often a run was killed, and the steps that its log had reached by then. */
export interface Kills {
  readonly steps: number[];
}

/**
 * Begins a run in `cwd`/killed, kills it `kills` times with SIGKILL at moments drawn from `seed`,
 * resumes it each time, and lets it end.
 */
export async function killRuns(
  cwd: string,
  { steps, kills, seed }: { steps: number; kills: number; seed: number },
): Promise<Kills> {
  const folder = `${cwd}/killed`;
  const dice = new Dice(seed);
  const found: number[] = [];
  const last = async () => (await metrics(folder).catch(() => [])).at(-1)?.step as number ?? 0;
  const args = (begun: boolean) =>
    begun ? ["train", "--resume", "killed", "--quiet"] : [
      ...KILLED_RUN,
      ...["--out", "killed", "--steps", `${steps}`],
    ];
  const begun = () => Deno.stat(`${folder}/last.safetensors`).then(() => true, () => false);
  for (let kill = 0; kill < kills; kill++) {
    const child = startRin(args(await begun()), { cwd });
    // Evenly over what is left, so that none of the kills comes after the end.
    const from = await last();
    const target = from + (steps - from) / (kills - kill + 1) * dice.roll(1000) / 500;
    const ended = child.status.then(() => true);
    while (await last() < target) {
      if (await Promise.race([ended, sleep(3).then(() => false)])) break;
    }
    await sleep(dice.roll(60));
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    const { code, stderr } = await outcome(child);
    if (code !== 137) throw new Error(`Killed run ${kill} ended with ${code}: ${stderr}`);
    found.push(await last());
  }
  const { code, stderr } = await rin(args(await begun()), { cwd });
  if (code !== 0) throw new Error(`The last run ended with ${code}: ${stderr}`);
  return { steps: found };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
