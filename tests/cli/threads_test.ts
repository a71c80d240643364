// Threads of processes that share a machine.

import { assertEquals } from "@std/assert";
import { sharedThreads } from "../../cli/cluster/join.ts";

function threads(env: Record<string, string>): number | undefined {
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  try {
    return sharedThreads();
  } finally {
    for (const name of Object.keys(env)) Deno.env.delete(name);
  }
}

Deno.test("threads: cores are shared equally, unless Slurm gave each process its own", () => {
  const cores = navigator.hardwareConcurrency;
  const srun = { PMIX_RANK: "0", SLURM_STEP_NUM_TASKS: "4", SLURM_TASKS_PER_NODE: "4" };
  assertEquals(threads({}), undefined);
  assertEquals(threads(srun), Math.max(1, Math.floor(cores / 4)));
  assertEquals(threads({ ...srun, SLURM_CPUS_PER_TASK: "1" }), 1);
  assertEquals(threads({ ...srun, SLURM_CPUS_PER_TASK: String(cores + 5) }), cores);
});
