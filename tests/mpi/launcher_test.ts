// What launchers tell the processes that they start.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MpiError } from "../../src/mpi/errors.ts";
import { findLauncher } from "../../src/mpi/launcher.ts";
import { openLibrary } from "../../src/mpi/library.ts";
import { joinMpi } from "../../src/mpi/mpi.ts";

const found = (env: Record<string, string>) => {
  const launcher = findLauncher((name) => env[name]);
  if (launcher === undefined) return undefined;
  const { rank, size, localSize, libraries: [library] } = launcher;
  return [rank, size, localSize, library];
};

Deno.test("mpi: a launcher is known by its variables", () => {
  const openMpi = { OMPI_COMM_WORLD_RANK: "3", OMPI_COMM_WORLD_SIZE: "8" };
  assertEquals(found({ ...openMpi, OMPI_COMM_WORLD_LOCAL_SIZE: "4" }), [3, 8, 4, "libmpi.so.40"]);
  const mpich = { PMI_RANK: "0", PMI_SIZE: "2", MPI_LOCALNRANKS: "2" };
  assertEquals(found(mpich), [0, 2, 2, "libmpich.so.12"]);
  const slurm = { SLURM_PROCID: "1", SLURM_STEP_NUM_TASKS: "32", SLURM_TASKS_PER_NODE: "8(x4)" };
  assertEquals(found({ PMIX_RANK: "1", ...slurm }), [1, 32, 8, "libmpi.so.40"]);
  // A job's own commands are no processes of MPI.
  assertEquals(found(slurm), undefined);
});

Deno.test("mpi: a library that is missing is named with its package", () => {
  const launcher = findLauncher((name) => ({ PMI_RANK: "0", PMI_SIZE: "2" })[name])!;
  assertThrows(
    () => openLibrary({ ...launcher, libraries: ["libno-such-mpi.so.1"] }, undefined),
    MpiError,
    "Cannot train over MPI: MPICH's mpirun started this, and its library libno-such-mpi.so.1 is " +
      "not here; install it (Debian's package is mpich), load the cluster's module, or name",
  );
});

Deno.test("mpi: a library that RIN_MPI names is taken, or refused", async () => {
  const env: Record<string, string> = { PMI_RANK: "0", PMI_SIZE: "2", RIN_MPI: "/no/libmpi.so" };
  await assertRejects(
    () => joinMpi({ variable: (name) => env[name], onLost: () => {} }),
    MpiError,
    "Cannot use RIN_MPI, /no/libmpi.so, as a library of MPI: ",
  );
});

Deno.test("mpi: a launcher of one process needs no library", async () => {
  const srun: Record<string, string> = { PMIX_RANK: "0", SLURM_STEP_NUM_TASKS: "1" };
  const variable = (name: string) => ({ ...srun, RIN_MPI: "/no/libmpi.so" })[name];
  assertEquals(await joinMpi({ variable, onLost: () => {} }), undefined);
});
