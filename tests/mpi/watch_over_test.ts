// The thread that watches over the other processes, with a library and a clock that a test plays.

import { assertEquals } from "@std/assert";
import { watchOver } from "../../src/mpi/watch_over.ts";

/** Calls `work` with the messages of a thread that begins, and a way to look at a time. */
function watched(work: (look: (now: number) => void, posted: unknown[]) => void): void {
  const posted: unknown[] = [];
  let now = 0;
  let look = () => {};
  const scope = globalThis as unknown as Record<string, unknown>;
  const played = {
    postMessage: (message: unknown) => posted.push(message),
    setInterval: (callback: () => void) => (look = callback, 1),
    setTimeout: () => 2,
    clearInterval: () => {},
  };
  const before = new Map(Object.keys(played).map((key) => [key, scope[key]]));
  const [{ dlopen }, ownNow] = [Deno, performance.now];
  Object.assign(scope, played);
  performance.now = () => now;
  // Nothing ever comes, and nothing is ever sent.
  const symbols = { MPI_Isend: () => 0, MPI_Irecv: () => 0, MPI_Test: () => 0 };
  Object.assign(Deno, { dlopen: () => ({ symbols }) });
  try {
    watchOver();
    const data = { file: "", rank: 1, size: 2, hosts: ["a", "b"], silence: 6000, grace: 1000 };
    (scope.onmessage as (event: unknown) => void)({ data });
    work((at) => (now = at, look()), posted);
  } finally {
    for (const [key, value] of before) scope[key] = value;
    Object.assign(Deno, { dlopen });
    performance.now = ownNow;
    delete scope.onmessage;
  }
}

Deno.test("mpi: a process that was suspended does not take the others for lost", () => {
  watched((look, posted) => {
    for (let at = 500; at <= 2000; at += 500) look(at);
    look(30_000);
    assertEquals(posted, ["begun"]);
    for (let at = 30_500; at <= 36_500; at += 500) look(at);
    assertEquals(posted, [
      "begun",
      { lost: "Process 0, on a, has shown no sign of life for 6 s" },
    ]);
  });
});
