/**
 * The processes that train with this one, where `mpirun` started it.
 *
 * @module
 */
import { findLauncher } from "../../src/mpi/launcher.ts";
import { joinMpi, type MpiPeers } from "../../src/mpi/mpi.ts";
import { variable } from "../environment.ts";
import { printError } from "../terminal/terminal.ts";

/**
 * Joins them; undefined where there are none. When one of them is lost, this process ends with a
 * sentence.
 *
 * @param resume gives the command that continues the run, for that sentence
 * @throws {MpiError} when MPI can't be used
 */
export function joinPeers(resume: () => string | undefined): Promise<MpiPeers | undefined> {
  return joinMpi({
    variable,
    onLost: (sentence) => {
      const again = resume();
      printError(
        `rin: ${sentence}: the run ends${
          again ? `; continue from the last checkpoint with: ${again}` : ""
        }`,
      );
      Deno.exit(1);
    },
  });
}

/** The number of this process among those that a launcher started; 0 where none did. */
export function rankOf(): number {
  return findLauncher(variable)?.rank ?? 0;
}

/**
 * The threads of one process, where several share a machine's cores: those that Slurm gave it, or an
 * equal share.
 *
 * @returns undefined where this one has the machine for itself
 */
export function sharedThreads(): number | undefined {
  const processes = findLauncher(variable)?.localSize ?? 1;
  if (!(processes > 1)) return undefined;
  const given = Number(variable("SLURM_CPUS_PER_TASK"));
  // Where Slurm ties the process to its cores, the system counts only these.
  if (given >= 1) return Math.min(given, navigator.hardwareConcurrency);
  return Math.max(1, Math.floor(navigator.hardwareConcurrency / processes));
}
