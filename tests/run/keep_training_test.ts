// A GPU that is lost at whatever moment: the run continues from the last checkpoint to the same end.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { openDevices } from "../../src/run/devices.ts";
import { keepTraining } from "../../src/run/keep_training.ts";
import { folderLoggers } from "../../src/run/loggers.ts";
import { requestCpu } from "../../src/device/cpu/request.ts";
import type { Device } from "../../src/device/device.ts";
import { Gpu, requestGpu } from "../../src/device/webgpu/gpu.ts";
import { DeviceLostError, NoGpuError } from "../../src/device/errors.ts";
import type { Activity } from "../../src/run/events.ts";
import type { OpenedRun } from "../../src/run/open_run.ts";
import { withFolder } from "../data/scratch.ts";
import { available } from "../helpers/gpu.ts";
import { Listener, openTiny, tinySplits, traces } from "./small_run.ts";

/** A GPU, and what makes it go away as a driver's reset does. */
async function losableGpu(): Promise<{ gpu: Gpu; lose: () => void }> {
  const { device, info } = await requestGpu();
  const { promise, resolve } = Promise.withResolvers<GPUDeviceLostInfo>();
  Object.defineProperty(device, "lost", { value: promise });
  const lose = () => {
    device.destroy();
    resolve({ reason: "unknown", message: "the driver was reset" } as unknown as GPUDeviceLostInfo);
  };
  return { gpu: new Gpu(device, info), lose };
}

const SETTINGS = { steps: 12, saveEvery: 5, validEvery: 4, sampleEvery: 6, logEvery: 3 };

interface Conditions {
  /** The first GPU. */
  readonly gpu?: Gpu;
  /** How another one is asked for. */
  readonly request?: () => Promise<Device>;
  readonly waits?: readonly number[];
  readonly signal?: AbortSignal;
  readonly opened?: OpenedRun;
}

/** Trains in a folder, on GPUs that are asked for anew each time one is lost. */
async function trainIn(path: string, { emit }: Listener, conditions: Conditions = {}) {
  const { gpu, request = requestGpu, waits = [0] } = conditions;
  const { signal = new AbortController().signal } = conditions;
  const opened = conditions.opened ?? await openTiny(path, SETTINGS);
  let first = gpu;
  const devices = await openDevices(async () => {
    const device = first ?? await request();
    first = undefined;
    return device;
  });
  const loggers = folderLoggers(path);
  const data = tinySplits();
  try {
    return await keepTraining({ opened, data, devices, loggers, emit, signal, waits });
  } finally {
    await opened.folder.close();
  }
}

function lossTest(name: string, run: (folder: string) => Promise<void>): void {
  Deno.test({
    name: `keepTraining() ${name}`,
    ignore: !available,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => withFolder(run),
  });
}

type When = (...progress: Parameters<Listener["onProgress"]>) => boolean;

const moments: [name: string, when: When][] = [
  ["before the first step", (done) => done === 0],
  ["between steps", (done, { latest }) => done === 9 && latest !== undefined],
  ["while validating", (done, { activity }) => done === 8 && activity?.name === "validating"],
  ["while sampling", (done, { activity }) => done === 6 && sampled(activity) === 2],
  ["in the last samples", (done, { activity }) => done === 12 && sampled(activity) === 1],
];

/** The steps of three that samples have made. */
function sampled(activity?: Activity): number | undefined {
  return activity?.name === "sampling" && activity.total === 3 ? activity.done : undefined;
}

lossTest("continues to the same end after a lost GPU", async (folder) => {
  await trainIn(`${folder}/whole`, new Listener(() => {}));
  const whole = await traces(`${folder}/whole`);
  // A GPU compiles its kernels anew each time, which takes its while: the CPU is lost at all moments.
  for (const [name, when] of [moments[1], moments[3]]) {
    const first = await losableGpu();
    let [lost, asked] = [false, 0];
    const listener = new Listener((done, event) => {
      if (lost || !when(done, event)) return;
      lost = true;
      first.lose();
    });
    const request = () => (asked++, requestGpu());
    const path = `${folder}/${name}`;
    const ended = await trainIn(path, listener, { gpu: first.gpu, request });
    assertEquals(ended, { ended: "finished", step: 12 }, name);
    assertEquals([lost, asked], [true, 1], name);
    assertEquals(listener.warnings.length, 1);
    assertStringIncludes(listener.warnings[0], "The GPU was lost: the driver was reset");
    assertEquals(await traces(path), whole, name);
  }
});

lossTest("replaces a failed CPU device, whenever it fails", async (folder) => {
  const request = () => requestCpu({ threads: 1 });
  await trainIn(`${folder}/whole`, new Listener(() => {}), { request });
  const whole = await traces(`${folder}/whole`);
  for (const [name, when] of moments) {
    const devices: Device[] = [];
    const listener = new Listener((done, event) => {
      if (devices.length === 1 && when(done, event)) devices[0].destroy();
    });
    const path = `${folder}/${name}`;
    const ended = await trainIn(path, listener, {
      request: async () => devices[devices.push(await request()) - 1],
    });
    assertEquals(ended, { ended: "finished", step: 12 }, name);
    assertEquals([devices.length, listener.warnings.length], [2, 1], name);
    assertEquals(await traces(path), whole, name);
  }
});

lossTest("survives a loss while a checkpoint is written", async (folder) => {
  await trainIn(`${folder}/whole`, new Listener(() => {}));
  const { gpu, lose } = await losableGpu();
  const opened = await openTiny(`${folder}/run`, SETTINGS);
  const { folder: files } = opened;
  const writeLast = files.writeLast.bind(files);
  let writes = 0;
  files.writeLast = async (bytes, linkFrom) => {
    if (++writes === 3) lose();
    return await writeLast(bytes, linkFrom);
  };
  const listener = new Listener(() => {});
  const ended = await trainIn(`${folder}/run`, listener, { opened, gpu });
  assertEquals(ended.ended, "finished");
  assertEquals(listener.warnings.length, 1);
  assertEquals(await traces(`${folder}/run`), await traces(`${folder}/whole`));
});

lossTest(
  "waits for a GPU that is not there yet, and ends the run if it stays away",
  async (folder) => {
    for (const [waits, outcome] of [[[0, 0, 0], "finished"], [[0, 0], "lost"]] as const) {
      const { gpu, lose } = await losableGpu();
      let asked = 0;
      const request = () => {
        if (++asked < 3) return Promise.reject(new NoGpuError("WebGPU found no adapter"));
        return requestGpu();
      };
      const listener = new Listener((done) => done === 5 && asked === 0 && lose());
      const run = trainIn(`${folder}/${outcome}`, listener, { gpu, request, waits });
      if (outcome === "finished") assertEquals((await run).step, 12);
      else {await assertRejects(
          () => run,
          DeviceLostError,
          "did not come back: WebGPU found no adapter",
        );}
    }
  },
);

lossTest("ends the run after repeated losses at the same place", async (folder) => {
  let current = await losableGpu();
  let asked = 0;
  const request = async () => {
    asked++;
    return (current = await losableGpu()).gpu;
  };
  const listener = new Listener((done) => done >= 9 && current.lose());
  const run = trainIn(`${folder}/run`, listener, { gpu: current.gpu, request });
  const { message } = await assertRejects(() => run, DeviceLostError);
  assert(/5 times after step 8 and before another checkpoint/.test(message), message);
  assertEquals(asked, 4);
});

lossTest("waits for a lost GPU even if the CPU is there", async (folder) => {
  const { gpu, lose } = await losableGpu();
  const offered: Device[] = [];
  const request = async () => {
    offered.push(await (offered.length < 2 ? requestCpu({ threads: 1 }) : requestGpu()));
    return offered.at(-1)!;
  };
  const listener = new Listener((done) => done === 5 && offered.length === 0 && lose());
  const { ended } = await trainIn(`${folder}/r`, listener, { gpu, request, waits: [0, 0, 0] });
  assertEquals(ended, "finished");
  assertEquals(offered.map(({ backend }) => backend), ["cpu", "cpu", "webgpu"]);
  // What was not taken is given back.
  assertThrows(() => offered[0].check(), DeviceLostError);
});

lossTest("lets a person stop while it waits for a GPU", async (folder) => {
  const { gpu, lose } = await losableGpu();
  const controller = new AbortController();
  const request = () => Promise.reject(new NoGpuError("none"));
  const listener = new Listener((done) => {
    if (done < 5) return;
    lose();
    setTimeout(() => controller.abort(), 50);
  });
  const ended = await trainIn(`${folder}/run`, listener, {
    gpu,
    request,
    signal: controller.signal,
    waits: [0, 1000],
  });
  assertEquals(ended, { ended: "stopped", step: 4 });
});
