// rin train under mpirun: the bits of one process, one run, and an end in time.

import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { withFolder } from "../data/scratch.ts";
import { CPU, files, found, NEW, startRanks } from "./mpirun.ts";
import {
  lastStep,
  metrics,
  type Outcome,
  outcome,
  rinCommand,
  until,
  writePictures,
} from "./rin.ts";

async function run(cwd: string, processes: number, args: string[]): Promise<Outcome> {
  const ended = await outcome(startRanks(cwd, processes, args));
  assertEquals(ended.code, 0, ended.stderr);
  return ended;
}

function mpiTest(name: string, fn: (cwd: string) => Promise<void>): void {
  Deno.test({
    name: `mpirun: ${name}`,
    ignore: found === "",
    fn: () =>
      withFolder(async (cwd) => {
        await writePictures(`${cwd}/pictures`, 24);
        await fn(cwd);
      }),
  });
}

mpiTest("3 processes, then 2, leave the files of one", async (cwd) => {
  const settings = ["--optimizer", "lamb", "--lr-schedule", "plateau", "--plateau-patience", "0"];
  const times = ["--valid-every", "2", "--sample-every", "4", "--log-every", "2"];
  const train = [...NEW, ...settings, ...times];
  await run(cwd, 1, [...train, "--accumulate", "6", "--steps", "6", "--out", "one"]);
  const first = await run(cwd, 3, [...train, "--accumulate", "2", "--steps", "4", "--out", "k"]);
  assertMatch(first.stderr, /^Training in 3 processes on one machine over \S.*, each with CPU, 1/m);
  assertEquals(first.stderr.match(/^Done/gm)?.length, 1, "rank 0 alone speaks");
  // A second process that serves would find the port taken.
  const watch = ["--watch", "--port", String(freePort())];
  const more = ["--resume", "k", "--accumulate", "3", "--steps", "6"];
  await run(cwd, 2, ["train", ...more, ...watch, ...CPU]);
  assertEquals(await files(`${cwd}/k`), await files(`${cwd}/one`));
});

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

for (const end of ["SIGTERM", "a dead process"] as const) {
  mpiTest(`${end} ends all in time, with a whole checkpoint`, async (cwd) => {
    const often = ["--steps", "100000", "--save-every", "5", "--valid-every", "100000"];
    const child = startRanks(cwd, 2, [...NEW, ...often, "--sample-every", "100000", "--out", "k"]);
    const output = outcome(child);
    await until(async () => (await metrics(`${cwd}/k`)).length > 5);
    const killed = performance.now();
    if (end === "a dead process") Deno.kill(await processIn(`${cwd}/k`), "SIGKILL");
    else child.kill(end);
    const { code, stderr } = await output;
    assertLess(performance.now() - killed, 10_000);
    assert(code !== 0);
    assertStringIncludes(stderr, "rin train --resume k");
    assert(await lastStep(`${cwd}/k`) >= 0);
  });
}

/** Starts two processes with a mishap of `mishaps.ts`, which save every 5 steps of many. */
function startWith(mishap: string, cwd: string, env = {}): Deno.ChildProcess {
  const preload = new URL("mishaps.ts", import.meta.url).href;
  const often = ["--steps", "100000", "--save-every", "5", "--valid-every", "100000"];
  const args = [...NEW, ...often, "--sample-every", "100000", "--out", "k"];
  const source = rinCommand(["-A", "--preload", preload]);
  return startRanks(cwd, 2, args, { RIN_MISHAP: mishap, ...env }, source);
}

mpiTest("a signal during a checkpoint ends all in time, with the one before it", async (cwd) => {
  // Open MPI's mpirun kills after a second, before rin leaves.
  const child = startWith("endless write", cwd, { OMPI_MCA_odls_base_sigkill_timeout: "2" });
  const output = outcome(child);
  const names = () => [...Deno.readDirSync(`${cwd}/k`)].map(({ name }) => name);
  const unfinished = /^last\.safetensors\.\d+\.tmp$/;
  const isUnfinished = () => names().some((name) => unfinished.test(name));
  await until(async () => await lastStep(`${cwd}/k`) === 0 && isUnfinished());
  const asked = performance.now();
  child.kill("SIGTERM");
  const { code, stderr } = await output;
  assertLess(performance.now() - asked, 10_000);
  assert(code !== 0);
  assertStringIncludes(stderr, "Left: the step, or writing a checkpoint, took longer than 8 s; ");
  assertStringIncludes(stderr, "continue from the last checkpoint with: rin train --resume k");
  assert(isUnfinished());
  assertEquals(await lastStep(`${cwd}/k`), 0);
});

mpiTest("a process that loses its device ends all in time", async (cwd) => {
  const child = startWith("lost device", cwd);
  const output = outcome(child);
  await until(async () => await lastStep(`${cwd}/k`) >= 0);
  const begun = performance.now();
  const { code, stderr } = await output;
  assertLess(performance.now() - begun, 10_000);
  assert(code !== 0);
  assertStringIncludes(
    stderr,
    "rin: process 1: The GPU was lost: the driver was reset; continue from the last checkpoint with: " +
      "rin train --resume k",
  );
  assert(await lastStep(`${cwd}/k`) > 0);
});

/** The process that writes a run. */
async function processIn(folder: string): Promise<number> {
  return Number(await Deno.readTextFile(`${folder}/.lock`));
}

mpiTest("what can't be is one sentence", async (cwd) => {
  const cases: [args: string[], sentence: string][] = [
    [[...NEW, "--out", "a", "--batch-size", "5"], "--batch-size 5 can't be cut for 2 processes"],
    [[...NEW, "--out", "a", "--profile"], "--profile is for one process: leave mpirun out"],
  ];
  for (const [args, sentence] of cases) {
    const { code, stderr } = await outcome(startRanks(cwd, 2, args));
    assert(code !== 0);
    const own = stderr.split("\n").filter((line) => line.startsWith("rin: "));
    // MPICH's mpirun lets the others say it, too, before they have joined.
    for (const line of own) assertStringIncludes(line, sentence);
    assert(own.length > 0 && !/\n\s+at /.test(stderr), stderr);
  }
});
