// The files of examples/cluster: what a scheduler reads of them, and the commands in them.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "yaml";
import { COMMANDS } from "../../cli/commands.ts";
import { readArguments } from "../../cli/options/options.ts";
import { PRESETS } from "../../src/run/presets.ts";
import { DEFAULT_TRAIN_OPTIONS } from "../../src/train/options.ts";
import { withFolder, write } from "../data/scratch.ts";
import { root } from "../library/modules.ts";

const folder = `${root}examples/cluster`;

/** Reads rin's arguments as rin does, and gives its flags. */
function flagsOf(words: readonly string[]) {
  const [name, ...args] = words;
  return readArguments(args, COMMANDS[name].groups.flatMap(({ options }) => options)).flags;
}

/** The parts of a pod that both files have. */
interface Pod {
  readonly restartPolicy?: string;
  readonly containers: readonly {
    readonly name: string;
    readonly image: string;
    readonly command?: readonly string[];
    readonly args?: readonly string[];
    readonly volumeMounts?: readonly { readonly name: string }[];
  }[];
  readonly volumes?: readonly { readonly name: string }[];
}

function checkPod({ containers, volumes = [] }: Pod): void {
  const known = volumes.map(({ name }) => name);
  for (const { name, image, volumeMounts = [] } of containers) {
    assert(name && image);
    for (const mount of volumeMounts) assert(known.includes(mount.name), mount.name);
  }
}

Deno.test("cluster: the Indexed Job has a share for each of its pods", async () => {
  const job = parse(await Deno.readTextFile(`${folder}/sample.job.yaml`));
  assertEquals([job.apiVersion, job.kind], ["batch/v1", "Job"]);
  const { completionMode, completions, template } = job.spec;
  assertEquals(completionMode, "Indexed");
  const pod: Pod = template.spec;
  checkPod(pod);
  assertEquals(pod.restartPolicy, "Never");
  const [{ command, args }] = pod.containers;
  assertEquals(command, ["rin"]);
  assertEquals(flagsOf(args!).shard, `auto/${completions}`);
});

Deno.test("cluster: the MPIJob starts a process for each GPU", async () => {
  const job = parse(await Deno.readTextFile(`${folder}/train.mpijob.yaml`));
  assertEquals([job.apiVersion, job.kind], ["kubeflow.org/v2beta1", "MPIJob"]);
  const { slotsPerWorker, mpiReplicaSpecs: { Launcher, Worker } } = job.spec;
  for (const { template } of [Launcher, Worker]) checkPod(template.spec);
  const [{ command, args }] = (Launcher.template.spec as Pod).containers;
  assertEquals(command, ["mpirun"]);
  assertEquals(Number(args![args!.indexOf("-n") + 1]), slotsPerWorker * Worker.replicas);
  const [worker] = Worker.template.spec.containers;
  assertEquals(worker.resources.limits["nvidia.com/gpu"], slotsPerWorker);
  const flags = flagsOf(args!.slice(args!.indexOf("rin") + 1));
  expectParts(slotsPerWorker * Worker.replicas, flags, 16);
});

/** Checks that processes get parts of so many images. */
function expectParts(processes: number, flags: Readonly<Record<string, unknown>>, images: number) {
  const { batchSize } = { ...DEFAULT_TRAIN_OPTIONS, ...PRESETS[String(flags.preset)].training };
  assertEquals(batchSize / (processes * Number(flags.accumulate)), images);
}

for (const name of ["train", "sample"]) {
  Deno.test(`cluster: ${name}.sbatch is a script with options of sbatch`, async () => {
    const path = `${folder}/${name}.sbatch`;
    assert((await new Deno.Command("bash", { args: ["-n", path] }).output()).success);
    const lines = (await Deno.readTextFile(path)).split("\n");
    const options = lines.filter((line) => line.startsWith("#SBATCH "));
    for (const option of options) assertMatch(option, /^#SBATCH --[a-z-]+=\S+$/);
    // sbatch reads options up to the first command alone.
    const commands = lines.findIndex((line) => line !== "" && !line.startsWith("#"));
    assert(lines.findLastIndex((line) => options.includes(line)) < commands);
    const call = lines.find((line) => line.startsWith("exec "))!;
    const [, words] = call.split(/\brin /);
    const flags = flagsOf(words.replace('"${arguments[@]}"', "--out runs/a").split(" "));
    assertEquals(flags.device, "gpu");
    if (name === "sample") assertEquals(flags.shard, "auto/8");
    const run = lines.find((line) => line.includes("arguments=(--preset"));
    if (run) expectParts(4 * 8, flagsOf(`train ${run.match(/--[^)]*/)![0]}`.split(" ")), 16);
    if (name === "sample") assert(options.includes("#SBATCH --array=0-7"));
  });
}

Deno.test("cluster: one_gpu.sh shows each process of a machine another GPU", async () => {
  await withFolder(async (system) => {
    const devices: Record<string, [vendor: string, kind: string]> = {
      "0000:02:00.0": ["0x1a03", "0x030000"], // the VGA chip of a server's board
      "0000:17:00.0": ["0x10de", "0x030200"],
      "0000:18:00.0": ["0x10de", "0x020700"], // a network card
      "0001:65:00.0": ["0x10de", "0x030200"],
    };
    for (const [address, [vendor, kind]] of Object.entries(devices)) {
      await write(`${system}/sys/bus/pci/devices/${address}/vendor`, `${vendor}\n`);
      await write(`${system}/sys/bus/pci/devices/${address}/class`, `${kind}\n`);
    }
    const script = await Deno.readTextFile(`${folder}/one_gpu.sh`);
    await write(`${system}/one_gpu.sh`, script.replaceAll(" /sys/", ` ${system}/sys/`));
    const shown = async (env: Record<string, string>) => {
      const { code, stdout } = await new Deno.Command("sh", {
        args: [`${system}/one_gpu.sh`, "sh", "-c", "echo $DRI_PRIME $MESA_VK_DEVICE_SELECT"],
        env: { MESA_VK_DEVICE_SELECT: "10de:2330", ...env },
        stderr: "null",
      }).output();
      return [code, new TextDecoder().decode(stdout).trim()];
    };
    assertEquals(await shown({ OMPI_COMM_WORLD_LOCAL_RANK: "0" }), [0, "pci-0000_17_00_0"]);
    assertEquals(await shown({ MPI_LOCALRANKID: "1" }), [0, "pci-0001_65_00_0"]);
    assertEquals(await shown({ SLURM_LOCALID: "2" }), [1, ""]);
    assertEquals(await shown({}), [2, ""]);
    const named = { RIN_GPUS: "0000:02:00.0", SLURM_LOCALID: "0" };
    assertEquals(await shown(named), [0, "pci-0000_02_00_0"]);
  });
});
