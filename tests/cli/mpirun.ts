// rin under mpirun. RIN_MPIRUN names another launcher, such as mpirun.mpich (deno task test:mpich).

import { traces } from "../run/small_run.ts";
import { RIN, TINY } from "./rin.ts";

/** The program that starts the others. */
export const launcher = Deno.env.get("RIN_MPIRUN") ?? "mpirun";

function version(): string {
  try {
    const { stdout } = new Deno.Command(launcher, { args: ["--version"] }).outputSync();
    return new TextDecoder().decode(stdout);
  } catch {
    return "";
  }
}
/** What it says of itself; empty where there is none. */
export const found = version();
/** Open MPI counts cores before it starts more processes. */
const options = () => isOpenMpi ? ["--oversubscribe", "--bind-to", "none"] : [];

/** Open MPI asks twice before root may start it. */
export const AS_ROOT = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

/** Whether it is Open MPI. */
export const isOpenMpi = /Open MPI|OpenRTE/.test(found);

/** Starts rin in several processes. */
export function startRanks(
  cwd: string,
  processes: number,
  args: readonly string[],
  env: Record<string, string> = {},
  rin = RIN,
): Deno.ChildProcess {
  return new Deno.Command(launcher, {
    args: [...options(), "-n", String(processes), ...rin, ...args],
    env: { NO_COLOR: "1", RIN_COMMAND: "rin", RIN_CACHE: `${cwd}/.cache`, ...AS_ROOT, ...env },
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** One thread for each process. */
export const CPU = ["--device", "cpu", "--threads", "1"];
/** A new run of a tiny network. */
export const NEW = ["train", ...TINY, ...CPU, "--data", "pictures", "--flip", "--batch-size", "12"];

/** All of a run's files but for the settings in its checkpoints, which count parts otherwise. */
export async function files(folder: string) {
  const all = Object.entries(await traces(folder)) as [string, { tensors?: unknown }][];
  return all.map(([name, found]) => [name, found.tensors ?? found]);
}
