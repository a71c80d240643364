// Shares of samples, and the whole that rin merge makes of them.

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { COMMANDS } from "../../cli/commands.ts";
import { CommandError, UsageError } from "../../cli/errors.ts";
import { readArguments } from "../../cli/options/options.ts";
import { shardOf } from "../../cli/shards/shard.ts";
import { withFolder, write } from "../data/scratch.ts";
import { smallNet } from "../helpers/small_net.ts";
import { complaint, rin, writePictures } from "./rin.ts";

const shardTest = (name: string, fn: (cwd: string) => Promise<void>) =>
  Deno.test({
    name: `shards: ${name}`,
    fn: () =>
      withFolder(async (cwd) => {
        await write(`${cwd}/net.safetensors`, smallNet(1, { numClasses: 3 }));
        await fn(cwd);
      }),
  });

/** A command within this process; its paths are whole ones. */
async function run(name: string, args: string[], env: Record<string, string> = {}) {
  const options = COMMANDS[name].groups.flatMap(({ options }) => options);
  for (const [key, value] of Object.entries(env)) Deno.env.set(key, value);
  try {
    await COMMANDS[name].run(readArguments(args, options));
  } finally {
    for (const key of Object.keys(env)) Deno.env.delete(key);
  }
}

function sample(cwd: string, out: string, args: string[] = [], env = {}) {
  const net = ["--steps", "1", "--count", "10", "--class", "0..2", "--device", "cpu", "--quiet"];
  const all = [`${cwd}/net.safetensors`, ...net, "--threads", "1", "--out", `${cwd}/${out}`];
  return run("sample", [...all, ...args], env);
}

const merge = (cwd: string, paths: string[], ...args: string[]) =>
  run("merge", [...paths.map((path) => `${cwd}/${path}`), ...args]);

const refused = (cwd: string, paths: string[], sentence: string, ...args: string[]) =>
  assertRejects(() => merge(cwd, paths, ...args), CommandError, sentence);

async function filesOf(folder: string): Promise<Map<string, Uint8Array>> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  return new Map(
    await Promise.all(names.map(async (name) => {
      return [name, await Deno.readFile(`${folder}/${name}`)] as const;
    })),
  );
}

shardTest("a folder that shares fill is that of one process, and gaps are found", async (cwd) => {
  await sample(cwd, "whole");
  // As mpirun of Open MPI, Slurm, and Kubernetes number them.
  await sample(cwd, "a", ["--shard", "auto"], {
    OMPI_COMM_WORLD_RANK: "0",
    OMPI_COMM_WORLD_SIZE: "3",
  });
  const array = { SLURM_ARRAY_TASK_ID: "1", SLURM_ARRAY_TASK_COUNT: "3" };
  await sample(cwd, "a", ["--shard", "auto"], array);
  await refused(cwd, ["a"], "4 of 10 images are missing: 6 to 9", "--count", "10");
  await sample(cwd, "a", ["--shard", "auto/3"], { JOB_COMPLETION_INDEX: "2" });
  const whole = await filesOf(`${cwd}/whole`);
  assertEquals(await filesOf(`${cwd}/a`), whole);
  await merge(cwd, ["a"]);

  // A share that starts again makes what is missing.
  for (const i of [4, 8]) await Deno.remove(`${cwd}/a/00000${i}.png`);
  await refused(cwd, ["a"], "2 of 10 images are missing: 4, 8");
  await sample(cwd, "a", ["--shard", "1/3"]);
  await refused(cwd, ["a"], "1 of 10 images are missing: 8");

  // Shares in folders of their own.
  for (const i of [0, 1]) await sample(cwd, `b${i}`, ["--shard", `${i}/2`]);
  await merge(cwd, ["b0", "b1"], "--out", `${cwd}/b`);
  assertEquals(await filesOf(`${cwd}/b`), whole);
  await refused(cwd, ["b0", "b1", "whole"], "there more than once: 0 to 9, in");
  await sample(cwd, "c", ["--shard", "1/2", "--seed", "1"]);
  await refused(cwd, ["b0", "c"], "they were made with different settings");

  // What is in the folder already becomes part of the whole, and all is checked before a copy.
  const whereto = (folder: string) => ["--out", `${cwd}/${folder}`];
  await merge(cwd, ["b1"], ...whereto("b0"));
  assertEquals(await filesOf(`${cwd}/b0`), whole);
  await Deno.mkdir(`${cwd}/d`);
  await Deno.copyFile(`${cwd}/c/000009.png`, `${cwd}/d/000009.png`);
  await refused(cwd, ["whole"], "rin made what is there with other settings", ...whereto("d"));
  assertEquals([...(await filesOf(`${cwd}/d`)).keys()], ["000009.png"]);
  await Deno.rename(`${cwd}/d/000009.png`, `${cwd}/d/000010.png`);
  await refused(cwd, ["whole"], "it is image 9, renamed", ...whereto("d"));
  await Deno.remove(`${cwd}/d/000010.png`);
  await writePictures(`${cwd}/d`, 1);
  await refused(cwd, ["whole"], "it holds pictures that rin did not make", ...whereto("d"));
});

for (const end of ["npz", "tar"]) {
  shardTest(`${end} files of shares become that of one process`, async (cwd) => {
    await sample(cwd, `whole.${end}`);
    for (const i of [2, 0, 1]) await sample(cwd, `s.${end}`, ["--shard", `${i}/3`]);
    const [first, middle, last] = [0, 1, 2].map((i) => `s-0000${i}-of-00003.${end}`);
    await merge(cwd, [last, first, middle], "--out", `${cwd}/merged.${end}`);
    const whole = await Deno.readFile(`${cwd}/whole.${end}`);
    assertEquals(await Deno.readFile(`${cwd}/merged.${end}`), whole);
    const again = ["--out", `${cwd}/again.${end}`];
    await write(`${cwd}/again.${end}.partial`, whole.subarray(0, 9));
    await refused(cwd, [last, first, middle], "is left from a command that was", ...again);
    await merge(cwd, [last, first, middle], ...again, "--force");

    await refused(cwd, [first, last], "1 of 3 shares are missing: 1/3");
    await Deno.rename(`${cwd}/${middle}`, `${cwd}/middle.${end}`);
    // An archive of arrays records how many images there are; one of pictures does not.
    const count = end === "npz" ? [] : ["--count", "10"];
    await refused(cwd, [first, `middle.${end}`], "4 of 10 images are missing: 6 to 9", ...count);
    const bytes = await Deno.readFile(`${cwd}/${first}`);
    await write(`${cwd}/cut.${end}`, bytes.subarray(0, bytes.length / 2));
    await refused(cwd, [`cut.${end}`], `cut.${end}: it`);
    if (end === "tar") {
      await write(`${cwd}/short.tar`, bytes.subarray(0, 700));
      await refused(cwd, ["short.tar"], "short.tar: it is cut off");
    }
    if (end === "npz") {
      bytes[bytes.length / 2 | 0] ^= 1;
      await write(`${cwd}/damaged.npz`, bytes);
      await refused(cwd, ["damaged.npz"], "its checksum is wrong");
    }
  });
}

shardTest("an evaluation in shares has the figures of one process", async (cwd) => {
  await writePictures(`${cwd}/pictures`, 6);
  await write(`${cwd}/net.safetensors`, smallNet(1));
  await write(`${cwd}/other.safetensors`, smallNet(2));
  const cpu = ["--device", "cpu", "--threads", "1", "--quiet"];
  const few = ["--count", "7", "--steps", "1", "--levels", "1", "--data", `${cwd}/pictures`];
  const evaluate = (net: string, out: string, ...more: string[]) =>
    run("eval", [`${cwd}/${net}`, ...cpu, ...few, "--out", `${cwd}/${out}`, ...more], {
      RIN_CACHE: `${cwd}/.cache`,
    });
  await evaluate("net.safetensors", "whole");
  for (const i of [1, 0]) await evaluate("net.safetensors", "shares", "--shard", `${i}/2`);
  const shares = [0, 1].map((i) => `shares/features-0000${i}-of-00002.npz`);
  const given = (file: string) => ["--samples", `${cwd}/${file}`];
  await assertRejects(
    () => evaluate("net.safetensors", "a", ...given(shares[0])),
    CommandError,
    "it is share 0 of 2; merge them: rin merge",
  );
  await merge(cwd, shares, "--out", `${cwd}/features.npz`);
  await evaluate("net.safetensors", "merged", ...given("features.npz"));
  const report = async (folder: string) => {
    return JSON.parse(await Deno.readTextFile(`${cwd}/${folder}/eval.json`));
  };
  const figures = async (folder: string) => {
    const { loss, comparisons } = await report(folder);
    return { loss, comparisons };
  };
  assertEquals(await figures("merged"), await figures("whole"));
  // How the samples were made follows from the file, not from the flags.
  const defaults = ["--data", `${cwd}/pictures`, "--levels", "1", ...given("features.npz")];
  await run("eval", [`${cwd}/net.safetensors`, ...cpu, ...defaults, "--out", `${cwd}/by-file`], {
    RIN_CACHE: `${cwd}/.cache`,
  });
  const { settings: { count, steps, eta }, samples } = await report("by-file");
  assertEquals([count, steps, eta, samples.steps], [7, 1, 0, 1]);
  await assertRejects(
    () => evaluate("other.safetensors", "b", ...given("features.npz")),
    CommandError,
    "it was made with another checkpoint",
  );
});

Deno.test("shards: tasks of an array and their processes get shares of their own", () => {
  const found = (shard: string, env: Record<string, string>) => {
    for (const [key, value] of Object.entries(env)) Deno.env.set(key, value);
    try {
      return shardOf({ shard });
    } finally {
      for (const key of Object.keys(env)) Deno.env.delete(key);
    }
  };
  const array = { SLURM_ARRAY_TASK_ID: "2", SLURM_ARRAY_TASK_COUNT: "4" };
  const step = { SLURM_PROCID: "3", SLURM_STEP_NUM_TASKS: "8" };
  const mpirun = { OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_SIZE: "2" };
  assertEquals(found("auto", { ...array, ...step }), { index: 19, count: 32 });
  assertEquals(found("auto", { ...array, ...mpirun }), { index: 5, count: 8 });
  assertEquals(found("auto/32", { ...array, ...step }), { index: 19, count: 32 });
  assertEquals(found("auto", { ...array, SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "1" }), {
    index: 2,
    count: 4,
  });
  assertEquals(found("auto", step), { index: 3, count: 8 });
  assertThrows(() => found("auto/8", { ...array, ...step }), UsageError, "of 8 shares: expected");
});

shardTest("a share that can't be is refused in a sentence", async (cwd) => {
  const cases: [args: string[], sentence: string, env?: Record<string, string>][] = [
    [["--shard", "3/3"], "--shard is 3/3, of 3 shares: expected a share from 0/3 to 2/3"],
    [["--shard", "1"], "--shard is 1: expected I/N, such as 0/8, or auto"],
    [["--shard", "auto"], "--shard auto finds no share: none of SLURM_ARRAY"],
    [["--shard", "auto"], "but not how many shares", { JOB_COMPLETION_INDEX: "1" }],
    [["--shard", "0/2", "--out", "a.png"], "Cannot write a share of the images to the one"],
    [["--shard", "0/11"], "11 shares are more than the 10 images"],
    // A task of an array that was submitted again alone.
    [["--shard", "auto"], "SLURM_ARRAY_TASK_ID is 3, of 1 shares", {
      SLURM_ARRAY_TASK_ID: "3",
      SLURM_ARRAY_TASK_COUNT: "1",
    }],
  ];
  for (const [args, sentence, env] of cases) {
    await assertRejects(() => sample(cwd, "a", args, env), UsageError, sentence);
  }
  const alone = await rin(["sample", "net.safetensors", "--shard", "0/2"], { cwd });
  assertStringIncludes(complaint(alone, 2), "--shard needs --out");
});
