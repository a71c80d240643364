// A machine that is cut off in the middle of a run: two network namespaces of this machine, joined by
// a virtual cable. The test takes down one of its ends.

import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { withFolder, write } from "../data/scratch.ts";
import { AS_ROOT, CPU, files, isOpenMpi, launcher, NEW, startRanks } from "./mpirun.ts";
import { metrics, outcome, RIN, until, writePictures } from "./rin.ts";

const [NEAR, FAR] = ["near", "far"].map((name) => `rin-${name}-${Deno.pid}`);

async function sh(script: string): Promise<boolean> {
  return (await new Deno.Command("sh", { args: ["-ec", script], stderr: "null" }).output()).success;
}

/** The two machines; each has a name and an address of its own. */
const MACHINES = `
  ip netns add ${NEAR}
  ip netns add ${FAR}
  ip link add rin${Deno.pid}a netns ${NEAR} type veth peer name rin${Deno.pid}b netns ${FAR}
  ip -n ${NEAR} addr add 10.77.0.1/24 dev rin${Deno.pid}a
  ip -n ${FAR} addr add 10.77.0.2/24 dev rin${Deno.pid}b
  for end in "${NEAR} rin${Deno.pid}a" "${FAR} rin${Deno.pid}b"; do
    set -- $end
    ip -n $1 link set $2 up
    ip -n $1 link set lo up
  done`;

/** Ends what still runs there, such as Open MPI's own process on the far machine. */
const REMOVE = `
  for machine in ${NEAR} ${FAR}; do
    ip netns pids $machine | xargs -r kill -9 || :
    ip netns del $machine || :
  done`;

const inMachine = (name: string, host: string) =>
  `ip netns exec ${name} unshare --uts sh -c 'hostname ${host}; exec "$0" "$@"'`;

/** mpirun on the near machine, with a process on each. */
async function startOnBoth(cwd: string, args: readonly string[]): Promise<Deno.ChildProcess> {
  // In place of ssh: its first argument is the host.
  const agent = `#!/bin/sh\nshift\nexec ${inMachine(FAR, "far")} sh -c "$*"\n`;
  await write(`${cwd}/agent.sh`, agent);
  await Deno.chmod(`${cwd}/agent.sh`, 0o755);
  const network = ["btl_tcp_if_include", "oob_tcp_if_include"]
    .flatMap((key) => ["--mca", key, "10.77.0.0/24"]);
  // As docs/cluster.md advises.
  const keepAlive = Object.entries({ time: 2, intvl: 2, probes: 3 })
    .flatMap(([key, value]) => ["--mca", `oob_tcp_keepalive_${key}`, `${value}`]);
  const command = [
    ...[launcher, "-n", "2", "--host", "near:1,10.77.0.2:1", "--bind-to", "none"],
    ...[
      "--mca",
      "plm_rsh_agent",
      `${cwd}/agent.sh`,
      "--mca",
      "pml",
      "ob1",
      "--mca",
      "btl",
      "tcp,self",
    ],
    ...[...network, ...keepAlive, "-x", "NO_COLOR", "-x", "RIN_COMMAND", "-x", "RIN_CACHE"],
    ...[...RIN, ...args],
  ];
  return new Deno.Command("sh", {
    args: ["-c", `exec ${inMachine(NEAR, "near")} "$@"`, "sh", ...command],
    env: { NO_COLOR: "1", RIN_COMMAND: "rin", RIN_CACHE: `${cwd}/.cache`, ...AS_ROOT },
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

const possible = isOpenMpi && await sh(MACHINES);
if (possible) await sh(REMOVE);

Deno.test({
  name: "mpirun: a machine that is cut off ends the run in time, and it resumes to the same bits",
  ignore: !possible,
  fn: () =>
    withFolder(async (cwd) => {
      await writePictures(`${cwd}/pictures`, 12);
      const seldom = ["--valid-every", "1000", "--sample-every", "1000", "--save-every", "5"];
      const train = [...NEW, ...seldom, "--steps", "100"];
      assert(await sh(MACHINES));
      try {
        const child = await startOnBoth(cwd, [...train, "--out", "k"]);
        const output = outcome(child);
        await until(async () => (await metrics(`${cwd}/k`)).length > 5);
        assert(await sh(`ip -n ${NEAR} link set rin${Deno.pid}a down`));
        const cut = performance.now();
        await child.status;
        assertLess(performance.now() - cut, 10_000);
        await sh(REMOVE);
        const { code, stderr } = await output;
        assert(code !== 0);
        assertStringIncludes(
          stderr,
          "has shown no sign of life for 6 s: the run ends; continue from",
        );
      } finally {
        await sh(REMOVE);
      }
      assert((await metrics(`${cwd}/k`)).length < 100, "it was cut off in the middle");
      const ends = await Promise.all([
        outcome(startRanks(cwd, 2, ["train", "--resume", "k", ...CPU])),
        outcome(startRanks(cwd, 1, [...train, "--accumulate", "2", "--out", "one"])),
      ]);
      for (const { code, stderr } of ends) assertEquals(code, 0, stderr);
      assertEquals(await files(`${cwd}/k`), await files(`${cwd}/one`));
    }),
});
