/**
 * What an MPI launcher tells the processes that it starts.
 *
 * @module
 */

/** The launcher of this process, as far as its variables tell. */
export interface Launcher {
  /** Its name, for messages. */
  readonly name: string;
  /** The number of this process, from 0. */
  readonly rank: number;
  /** How many processes it started; undefined where it doesn't say. */
  readonly size?: number;
  /** How many of them are on this machine; undefined where it doesn't say. */
  readonly localSize?: number;
  /** Libraries that work with it, the likeliest first. */
  readonly libraries: readonly string[];
  /** The package with the first of them, in Debian's words. */
  readonly package: string;
}

const STANDARD = ["libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so"];
const OPEN_MPI = ["libmpi.so.40"];
const MPICH = ["libmpich.so.12", "libmpi.so.12"];

/**
 * Finds the launcher of this process; undefined where none started it. (Slurm's variables alone
 * don't count: they are set for every command of a job.)
 *
 * @param variable reads a variable of the environment
 */
export function findLauncher(
  variable: (name: string) => string | undefined,
): Launcher | undefined {
  const number = (...names: readonly string[]) => {
    const text = names.map(variable).find((value) => value !== undefined);
    // Slurm writes 8(x4) for 8 tasks on each of 4 machines.
    return text === undefined ? undefined : parseInt(text);
  };
  const openMpi = number("OMPI_COMM_WORLD_RANK");
  if (openMpi !== undefined) {
    return {
      name: "Open MPI's mpirun",
      rank: openMpi,
      size: number("OMPI_COMM_WORLD_SIZE"),
      localSize: number("OMPI_COMM_WORLD_LOCAL_SIZE"),
      libraries: [...OPEN_MPI, ...STANDARD],
      package: "openmpi-bin",
    };
  }
  const localSize = number("MPI_LOCALNRANKS", "SLURM_TASKS_PER_NODE");
  const pmi = number("PMI_RANK");
  if (pmi !== undefined) {
    return {
      name: "MPICH's mpirun",
      rank: pmi,
      size: number("PMI_SIZE"),
      localSize,
      libraries: [...MPICH, ...STANDARD],
      package: "mpich",
    };
  }
  const pmix = number("PMIX_RANK");
  if (pmix === undefined) return undefined;
  return {
    name: "a PMIx launcher",
    rank: pmix,
    size: number("SLURM_STEP_NUM_TASKS"),
    localSize,
    libraries: [...OPEN_MPI, ...STANDARD, ...MPICH],
    package: "openmpi-bin",
  };
}
