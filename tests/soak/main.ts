// `deno task soak [STEPS]`: a run of a tiny network, 10,000 steps by default, with validations,
// samples and checkpoints in between. Prints what it holds as it goes on, and fails where that grows.

import { openDevices } from "../../src/run/devices.ts";
import { keepTraining } from "../../src/run/keep_training.ts";
import { folderLoggers } from "../../src/run/loggers.ts";
import { requestGpu } from "../../src/device/webgpu/gpu.ts";
import { Listener, openTiny, tinySplits } from "../run/small_run.ts";

const steps = Number(Deno.args[0] ?? 10_000);

interface Held {
  readonly step: number;
  readonly rss: number;
  readonly heap: number;
  readonly gpu: number;
  readonly files: number;
}

/** Open descriptors; 0 where the system doesn't tell. */
function descriptors(): number {
  try {
    return [...Deno.readDirSync("/proc/self/fd")].length;
  } catch {
    return 0;
  }
}

/** Growth from one step to the next, by least squares. */
function slope(points: readonly Held[], key: "rss" | "heap" | "gpu" | "files"): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [x, y] = [mean(points.map(({ step }) => step)), mean(points.map((point) => point[key]))];
  const sum = (f: (point: Held) => number) => points.reduce((total, point) => total + f(point), 0);
  return sum((point) => (point.step - x) * (point[key] - y)) / sum(({ step }) => (step - x) ** 2);
}

const folder = await Deno.makeTempDir();
const gpu = await requestGpu();
const found: Held[] = [];
const every = Math.ceil(steps / 20);
const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1).padStart(8);
const { emit } = new Listener((step, { latest, activity }) => {
  // During a validation, say, something is held for a moment only.
  if (!latest || activity || step < (found.length + 1) * every) return;
  const { rss, heapUsed } = Deno.memoryUsage();
  found.push({ step, rss, heap: heapUsed, gpu: gpu.bytes, files: descriptors() });
  const { heap, files } = found.at(-1)!;
  console.log(
    `step ${String(step).padStart(6)}  RSS ${mib(rss)} MiB  heap ${mib(heap)} MiB  GPU ${
      mib(gpu.bytes)
    } MiB  files ${files}`,
  );
});
const opened = await openTiny(`${folder}/run`, {
  ...{ steps, saveEvery: 250, validEvery: 200, sampleEvery: 500, logEvery: 50 },
  ...{ keepEvery: 500, keepCheckpoints: 3 },
});
const { signal } = new AbortController();
const start = performance.now();
await keepTraining({
  opened,
  data: tinySplits(),
  devices: await openDevices(gpu),
  loggers: folderLoggers(opened.folder.path),
  emit,
  signal,
});
await opened.folder.close();
await Deno.remove(folder, { recursive: true });

// The first quarter warms up: pipelines, the compiler, the heap's size.
const steady = found.slice(Math.floor(found.length / 4));
const growth = {
  rss: slope(steady, "rss") * steps,
  gpu: slope(steady, "gpu") * steps,
  files: slope(steady, "files") * steps,
};
console.log(
  `${steps} steps in ${((performance.now() - start) / 1000).toFixed(0)} s; growth over as many: ` +
    `RSS ${mib(growth.rss).trim()} MiB, GPU ${mib(growth.gpu).trim()} MiB, files ${
      growth.files.toFixed(1)
    }`,
);
if (growth.rss > 32 * 2 ** 20 || growth.gpu > 0 || growth.files >= 1) {
  console.error("Something grows");
  Deno.exit(1);
}
