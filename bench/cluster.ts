/**
 * Training in several processes: what the exchange of gradients costs, and how far it carries.
 *
 *     deno run -A bench/cluster.ts [--preset faces] [--batch 32] [--steps 20]
 *     deno run -A bench/cluster.ts --model [--tflops 20] [--gpus 8] [--pcie 12] [--part 16] [--add GB/s]
 *
 * The first measures 1 process and 2 of mpirun, each with one thread, on the same batch in 2 parts.
 * The second is a model of 2 to 256 GPUs: with `--tflops` that a GPU reaches in training, `--gpus` in
 * a machine, which share its network, `--pcie` GB/s between a GPU and the host's memory, and parts of
 * so many images. It measures only what the host does, here: how fast it adds, unless `--add` says so,
 * and how fast it would round gradients to 16 bits and widen them again. "Overlapped" is the most that
 * could be gained by sending the last part's gradients while its backward pass, two thirds of the time,
 * still computes others.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { requestCpu } from "../src/device/cpu/request.ts";
import { joinMpi } from "../src/mpi/mpi.ts";
import { exampleSize } from "../src/model/example.ts";
import { forwardFlops } from "../src/model/flops.ts";
import { parameterLayout } from "../src/model/parameters.ts";
import { PRESETS } from "../src/run/presets.ts";
import { completeSettings } from "../src/run/settings.ts";
import { GradientSum } from "../src/train/gradient_sum.ts";
import { ALONE, type Peers } from "../src/train/peers.ts";
import { Trainer } from "../src/train/trainer.ts";

const args = parseArgs(Deno.args, {
  string: ["preset", "batch", "steps", "tflops", "gpus", "pcie", "part", "add"],
  boolean: ["model", "rank"],
});
const { preset = "faces", batch = "32", steps = "20" } = args;
const { tflops = "20", gpus = "8", pcie = "12", part = "16" } = args;

/** Peers, and the time that their calls take. */
function timed(peers: Peers): { peers: Peers; time: { ms: number } } {
  const time = { ms: 0 };
  const measure = async <T>(call: Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await call;
    time.ms += performance.now() - start;
    return result;
  };
  const { rank, size, localRank, description } = peers;
  return {
    time,
    peers: {
      ...{ rank, size, localRank, description },
      exchange: (values, into) => measure(peers.exchange(values, into)),
      gather: (values, into) => measure(peers.gather(values, into)),
      broadcast: (bytes) => measure(peers.broadcast(bytes)),
    },
  };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** One of the measured processes: trains, and rank 0 prints a line. */
async function trainAsRank(): Promise<void> {
  const joined = await joinMpi({
    variable: (name) => Deno.env.get(name),
    onLost: (sentence) => {
      console.error(sentence);
      Deno.exit(1);
    },
  });
  const { peers, time } = timed(joined ?? ALONE);
  const device = await requestCpu({ threads: 1 });
  const { network, training } = completeSettings(PRESETS[preset]);
  const options = { ...training, batchSize: Number(batch), accumulate: 2 / peers.size };
  const trainer = await Trainer.create(device, network, options, { peers });
  const images = new Float32Array(trainer.places.length * exampleSize(network)).fill(0.5);
  const labels = network.numClasses > 0 ? trainer.places.map(() => 0) : undefined;
  const [times, waits]: number[][] = [[], []];
  for (let i = 0; i < Number(steps) + 3; i++) {
    time.ms = 0;
    const start = performance.now();
    await trainer.step(images, labels);
    if (i < 3) continue;
    times.push(performance.now() - start);
    waits.push(time.ms);
  }
  if (peers.rank === 0) {
    const [step, wait] = [median(times), median(waits)];
    const share = (100 * wait / step).toFixed(1);
    const size = (4 * parameterLayout(network).size / 1e6).toFixed(1);
    console.log(
      `| ${preset} | ${size} MB | ${peers.description} | ${step.toFixed(1)} ms | ` +
        `${wait.toFixed(1)} ms | ${share}% |`,
    );
  }
  await joined?.leave();
  Deno.exit(0);
}

/** Measures 1 and 2 processes. */
async function measure(): Promise<void> {
  console.log("| preset | gradients | | step | in MPI | share |\n|---|---:|---|---:|---:|---:|");
  const given = ["--rank", "--preset", preset, "--batch", batch, "--steps", steps];
  const rank = [Deno.execPath(), "run", "-A", import.meta.filename!, ...given];
  const version = await new Deno.Command("mpirun", { args: ["--version"] }).output();
  const open = new TextDecoder().decode(version.stdout).includes("Open MPI");
  const mpirun = ["mpirun", ...open ? ["--oversubscribe", "--bind-to", "none"] : [], "-n", "2"];
  for (const [command, ...words] of [rank, [...mpirun, ...rank]]) {
    const { success } = await new Deno.Command(command, {
      args: words,
      env: { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" },
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn().status;
    if (!success) Deno.exit(1);
  }
}

/** Seconds for each byte of gradients that the host adds to a sum, its copies included. */
async function additionCost(): Promise<number> {
  const size = 2 ** 24;
  const peers: Peers = {
    ...{ ...ALONE, size: 2 },
    exchange: () => Promise.resolve(),
    gather: (values) => Promise.resolve(values),
  };
  const sum = new GradientSum(peers, size);
  const gradients = new Float32Array(size).fill(1);
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    await sum.add(gradients, new Float32Array(1));
    times.push(performance.now() - start);
  }
  return median(times) / 1000 / (4 * size);
}

/** Seconds for each byte of gradients that the host rounds to 16 bits, and widens when they arrive. */
function conversionCost(): number {
  const size = 2 ** 24;
  const [gradients, sent] = [new Float32Array(size).fill(1), new Float16Array(size)];
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    sent.set(gradients);
    gradients.set(sent);
    times.push(performance.now() - start);
  }
  return median(times) / 1000 / (4 * size);
}

/** Prints a table of 2 to 256 GPUs. */
async function model(): Promise<void> {
  const [rate, perMachine, bus, images] = [tflops, gpus, pcie, part].map(Number);
  const [addition, conversion] = [
    args.add ? 1e-9 / Number(args.add) : await additionCost(),
    conversionCost(),
  ];
  console.log(
    `A GPU reaches ${rate} TFLOP/s, ${perMachine} of them share a machine's network, ${bus} GB/s to the ` +
      `host; the host adds ${(1e-9 / addition).toFixed(1)} GB/s, and rounds and widens ` +
      `${(1e-9 / conversion).toFixed(1)} GB/s (measured here).\n`,
  );
  console.log(
    "| preset | gradients | network | GPUs | parts each | compute | exchange | step | " +
      "of N times one | overlapped |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
  );
  for (const name of ["imagenet64", "imagenet1024"]) {
    const { network, training } = completeSettings(PRESETS[name]);
    const bytes = 4 * parameterLayout(network).size;
    // A backward pass is twice a forward one; the self-conditioning pass is one more.
    const flops = (3 + training.selfCondRate) * forwardFlops(network) * training.batchSize;
    for (const gigabits of [25, 200]) {
      for (let count = 2; count <= 256; count *= 2) {
        // A smaller part than asked for, where the batch has no more examples for each GPU.
        const parts = Math.max(1, training.batchSize / (count * images));
        const compute = flops / (count * rate * 1e12);
        const local = Math.min(count, perMachine);
        const beyond = bytes * (count - local) / count;
        const wire = beyond * local / (gigabits / 8 * 1e9);
        const within = bytes / (bus * 1e9);
        const add = bytes * addition;
        // Each part is read and exchanged while the next is computed; the sum comes at the end.
        const each = within + wire + add;
        const hidden = Math.min((parts - 1) * each, (parts - 1) / parts * compute);
        const exchange = parts * each + wire + within;
        const step = compute + exchange - hidden;
        const overlapped = step - Math.min(each, 2 / 3 * compute / parts);
        const cells = [
          ...[name, `${(bytes / 1e9).toFixed(2)} GB`, `${gigabits} Gbit/s`, count, parts],
          ...[compute, exchange, step].map((seconds) => `${seconds.toFixed(2)} s`),
          ...[step, overlapped].map((seconds) => `${(100 * compute / seconds).toFixed(0)}%`),
        ];
        console.log(`| ${cells.join(" | ")} |`);
      }
    }
  }
}

if (args.rank) await trainAsRank();
else if (args.model) await model();
else await measure();
