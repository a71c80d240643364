/**
 * The functions of an MPI library, whichever implementation it is.
 *
 * @module
 */
import { MpiError } from "./errors.ts";
import type { Launcher } from "./launcher.ts";

// Handles are addresses in Open MPI and the ABI of MPI 5, and ints in MPICH: a word fits all.
const handle = "usize";

const SYMBOLS = {
  MPI_Init_thread: { parameters: ["pointer", "pointer", "i32", "buffer"], result: "i32" },
  // Only the thread that has begun may end.
  MPI_Finalize: { parameters: [], result: "i32" },
  MPI_Comm_rank: { parameters: [handle, "buffer"], result: "i32" },
  MPI_Comm_size: { parameters: [handle, "buffer"], result: "i32" },
  MPI_Get_library_version: { parameters: ["buffer", "buffer"], result: "i32" },
  MPI_Get_processor_name: { parameters: ["buffer", "buffer"], result: "i32" },
  MPI_Alltoall: {
    parameters: ["buffer", "i32", handle, "buffer", "i32", handle, handle],
    result: "i32",
    nonblocking: true,
  },
  MPI_Allgather: {
    parameters: ["buffer", "i32", handle, "buffer", "i32", handle, handle],
    result: "i32",
    nonblocking: true,
  },
  MPI_Bcast: {
    parameters: ["buffer", "i32", handle, "i32", handle],
    result: "i32",
    nonblocking: true,
  },
  // Only Open MPI has these.
  ompi_mpi_comm_world: { type: "pointer", optional: true },
  ompi_mpi_float: { type: "pointer", optional: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions. */
export type MpiSymbols = Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;

/** An open library. */
export interface MpiLibrary {
  /** Its file, as it was found. */
  readonly file: string;
  readonly symbols: MpiSymbols;
  /** Handle of all processes. */
  readonly world: bigint;
  /** Handle of float32. */
  readonly float: bigint;
}

/**
 * Opens the library that works with a launcher.
 *
 * @param named a library that the user names instead
 * @throws {MpiError} when there is none, or Deno doesn't allow it
 */
export function openLibrary(launcher: Launcher, named: string | undefined): MpiLibrary {
  const files = named === undefined ? launcher.libraries : [named];
  const reasons: string[] = [];
  for (const file of files) {
    try {
      const { symbols } = Deno.dlopen(file, SYMBOLS);
      return { file, symbols, ...handlesOf(file, symbols) };
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotCapable) {
        throw new MpiError(
          `Cannot train over MPI: Deno may not call ${file}; start it with --allow-ffi`,
        );
      }
      reasons.push((thrown as Error).message);
    }
  }
  if (named !== undefined) {
    throw new MpiError(`Cannot use RIN_MPI, ${named}, as a library of MPI: ${reasons[0]}`);
  }
  throw new MpiError(
    `Cannot train over MPI: ${launcher.name} started this, and its library ${files[0]} is not ` +
      `here; install it (Debian's package is ${launcher.package}), load the cluster's module, or ` +
      `name the file in RIN_MPI`,
  );
}

function handlesOf(file: string, symbols: MpiSymbols): Pick<MpiLibrary, "world" | "float"> {
  const { ompi_mpi_comm_world: world, ompi_mpi_float: float } = symbols;
  if (world && float) {
    return { world: Deno.UnsafePointer.value(world), float: Deno.UnsafePointer.value(float) };
  }
  if (/mpi_abi/.test(file)) return { world: 0x101n, float: 0x210n };
  return { world: 0x44000000n, float: 0x4c00040an };
}
