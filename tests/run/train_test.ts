// A run from a program: what the command does, how it stops, resumes, and fails.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { requestDevice } from "../../src/device/request.ts";
import { decode } from "fast-png";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { ConfigError, type RinConfig } from "../../src/model/config.ts";
import {
  DataError,
  type Logger,
  type NewRunOptions,
  resumeTraining,
  RunError,
  type RunEvent,
  RunExistsError,
  RunLockedError,
  train,
} from "../../training_run.ts";
import { lastStep, rin, TINY, writePictures } from "../cli/rin.ts";
import { withFolder } from "../data/scratch.ts";
import { deviceTest } from "../helpers/devices.ts";
import { tinySettings, tinySplits, traces } from "./small_run.ts";

const { network, training } = tinySettings({ steps: 12 });
const RUN = { saveEvery: 5, validEvery: 4, sampleEvery: 6, logEvery: 3 };

/** A tiny run on seven pictures in memory. */
function tiny(out: string, changes: Partial<NewRunOptions> = {}): NewRunOptions {
  const run = { ...RUN, sampleSteps: 3, sampleCount: 5 };
  return { device: requestDevice, data: tinySplits(), out, network, training, run, ...changes };
}

function runTest(name: string, run: (folder: string) => Promise<void>): void {
  Deno.test({
    name: `train() ${name}`,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => withFolder(run),
  });
}

/** Aborts when an event comes that is looked for. */
function stopAt(when: (event: RunEvent) => boolean) {
  const controller = new AbortController();
  const onEvent = (event: RunEvent) => when(event) && controller.abort();
  return { signal: controller.signal, onEvent };
}

runTest("leaves the same files as rin train", async (folder) => {
  await writePictures(`${folder}/pictures`, 5);
  const flags = Object.entries(RUN).flatMap(([key, value]) => [
    `--${key.replace("Every", "-every")}`,
    String(value),
  ]);
  // Prepared beforehand, so that neither leaves anything in the user's cache.
  const data = `${folder}/pictures.rindata`;
  const prepare = ["data", "prepare", "pictures", "--image-size", "16", "--out", data];
  assertEquals((await rin(prepare, { cwd: folder })).code, 0);
  const args = ["train", ...TINY, ...flags, "--data", data, "--steps", "12", "--flip"];
  const { code, stderr } = await rin([...args, "--out", "command"], { cwd: folder });
  assertEquals(code, 0, stderr);
  const run = { ...RUN, sampleSteps: 3, sampleCount: 5, data, flip: true };
  const out = `${folder}/program`;
  const result = await train(tiny(out, { data: undefined, run }));
  assertEquals(result, { ended: "finished", step: 12, folder: out });
  assertEquals(await traces(out), await traces(`${folder}/command`));
  const names = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();
  const files = (path: string) => names(path).map((name) => name.replace(/\.\d+\./, ".TIME."));
  const page = "report.html";
  assertEquals(files(out), files(`${folder}/command`).filter((name) => name !== page));
  const config = (path: string) => Deno.readTextFile(`${path}/config.json`);
  assertEquals(await config(out), await config(`${folder}/command`));
});

runTest(
  "trains on opacity and sides that differ, and refuses data of another shape",
  async (folder) => {
    const pixels = Uint8Array.from({ length: 7 * 4 * 128 }, (_, i) => 128 + 127 * Math.sin(i / 41));
    const data = {
      ...{ name: "sprites", imageSize: "16x8", channels: 4, count: 7 } as const,
      read: (indices: ArrayLike<number>) =>
        new Blob(Array.from(indices, (i) => pixels.slice(i * 512, (i + 1) * 512))).bytes(),
    };
    const own = { ...network, imageSize: "16x8", channels: 4 } as const;
    await train(tiny(`${folder}/whole`, { data, network: own }));
    const png = decode(await Deno.readFile(`${folder}/whole/samples/step-000012.png`));
    assertEquals([png.width, png.height, png.channels], [3 * 18 + 2, 2 * 10 + 2, 4]);
    const { config } = readCheckpoint(await Deno.readFile(`${folder}/whole/last.safetensors`));
    assertEquals([config.imageSize, config.channels], ["16x8", 4]);
    const refused = async (changes: Partial<RinConfig>, sentence: string) => {
      const out = `${folder}/refused`;
      const error = await assertRejects(
        () => train(tiny(out, { data, network: { ...own, ...changes } })),
        ConfigError,
      );
      assertStringIncludes(error.message, sentence);
    };
    await refused({ channels: 3 }, "data of sprites have 4 channels: expected the network's 3");
    await refused({ imageSize: "8x16" }, "have an imageSize of 16x8: expected 8x16, the network's");
    await refused({ imageSize: 16 }, "have an imageSize of 16x8: expected 16, the network's");
  },
);

runTest("continues to the same end after a stop anywhere", async (folder) => {
  await train(tiny(`${folder}/whole`));
  const whole = await traces(`${folder}/whole`);
  const moments: [name: string, stopped: number, when: (event: RunEvent) => boolean][] = [
    ["at once", 0, ({ type }) => type === "started"],
    ["between steps", 3, (event) => event.type === "progress" && event.latest !== undefined],
    [
      "validating",
      8,
      (event) =>
        event.type === "progress" && event.step === 8 && event.activity?.name === "validating",
    ],
    [
      "sampling",
      6,
      (event) => event.type === "progress" && event.step === 6 && event.activity?.done === 2,
    ],
  ];
  for (const [name, step, when] of moments) {
    const path = `${folder}/${name}`;
    assertEquals(
      await train(tiny(path, stopAt(when))),
      { ended: "stopped", step, folder: path },
      name,
    );
    assertEquals(await lastStep(path), step, name);
    const { ended } = await resumeTraining({
      device: requestDevice,
      data: tinySplits(),
      folder: `${path}/`,
    });
    assertEquals(ended, "finished");
    assertEquals(await traces(path), whole, name);
  }
});

deviceTest("train() keeps a given device, which gets its memory back", async (device) => {
  await withFolder(async (folder) => {
    const before = device.bytes;
    const { ended } = await train(tiny(folder, { device }));
    assertEquals(ended, "finished");
    // The trainer frees what it validates with a moment later.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(device.bytes, before);
  });
});

runTest("calls loggers in order, beside the folder's own", async (folder) => {
  const calls: string[] = [];
  const logger: Logger = {
    start: ({ step, device }) => done(`start ${step} ${device.length > 0}`),
    metrics: (lines) =>
      done(...lines.map(({ step, loss }) => `${loss ? "step" : "valid"} ${step}`)),
    samples: (step, png) => done(`samples ${step} ${png[1] === 80}`),
    sync: () => done("sync"),
    end: () => done("end"),
  };
  const done = (...what: string[]) => {
    calls.push(...what);
    return Promise.resolve();
  };
  const run = { saveEvery: 2, validEvery: 2, sampleEvery: 2, sampleCount: 1, sampleSteps: 1 };
  const steps = { ...training, steps: 2 };
  await train(tiny(folder, { loggers: [logger], run, training: steps }));
  const expected = [
    ...["start 0 true", "sync", "step 1", "step 2", "valid 2", "samples 2 true", "sync", "end"],
  ];
  assertEquals(calls, expected);
});

runTest("refuses impossible options, and leaves no folder", async (folder) => {
  const out = `${folder}/run`;
  const set = tinySplits().train;
  type Kind = typeof ConfigError | typeof DataError | typeof RunError;
  const wrong: [changes: Partial<NewRunOptions>, kind: Kind, words: string][] = [
    [{ preset: "nope" }, ConfigError, 'preset is "nope": expected one of faces, demo,'],
    [{ run: { saveEvry: 1 } as object }, ConfigError, 'Unknown run option "saveEvry"'],
    [{ run: { saveEvery: 1.5 } }, ConfigError, "saveEvery is 1.5: expected a whole number"],
    [
      { run: { onNan: "ignore" as "skip" } },
      ConfigError,
      'onNan is "ignore": expected "skip" or "stop"',
    ],
    [{ training: { lr: -1 } }, ConfigError, "lr is -1"],
    [{ data: { ...set, imageSize: 8 } }, ConfigError, "imageSize of 8: expected 16"],
    [{ data: { ...set, count: 0 } }, ConfigError, "hold no images"],
    [{ data: { ...set, frames: 2 } }, ConfigError, "2 frames: expected the network's 1"],
    [{ data: undefined, preset: "readme" }, RunError, "without images: give data DIR"],
    [{ data: undefined, run: { data: `${folder}/none` } }, DataError, "there is no such"],
    [{ network: { ...network, numClasses: 2 } }, RunError, "give labels auto, labels FILE or"],
  ];
  for (const [changes, kind, words] of wrong) {
    const { message } = await assertRejects<Error>(() => train(tiny(out, changes)), kind);
    assertStringIncludes(message, words);
    assertEquals(await Deno.stat(out).catch(() => "gone"), "gone", words);
  }
});

runTest("starts no second run in a folder, and leaves the first as it is", async (folder) => {
  const path = `${folder}/run`;
  await train(tiny(path, stopAt(({ type }) => type === "started")));
  const error = await assertRejects(() => train(tiny(path)), RunExistsError);
  assertEquals(error.folder, path);
  const resume = (changes: object) =>
    resumeTraining({ device: requestDevice, folder: path, data: tinySplits(), ...changes });
  await assertRejects(() => resume({ training: { seed: 1 } }), ConfigError, "seed can't be given");
  await assertRejects(() => resume({ run: { flip: true } }), ConfigError, "flip can't be given");
  const few = { ...tinySplits().train, count: 3 };
  await assertRejects(() => resume({ data: few }), RunError, "it trained on 7 images");
  await assertRejects(() => resume({ folder: `${folder}/none` }), RunError, "no such folder");
  let locked: unknown;
  await resume({
    onEvent: ({ type }: RunEvent) => {
      if (type === "started") locked = resume({}).catch((thrown) => thrown);
    },
    training: { steps: 3 },
  });
  const thrown = await locked;
  assert(thrown instanceof RunLockedError, `${thrown}`);
  assertEquals(thrown.processId, Deno.pid);
  await assertRejects(() => resume({ training: { steps: 2 } }), RunError, "give more steps");
});

runTest("stops decoding at the signal, with its reason", async (folder) => {
  await writePictures(`${folder}/pictures`, 3);
  const run = { data: `${folder}/pictures` };
  const signal = AbortSignal.abort(new Error("enough"));
  const out = `${folder}/run`;
  const training = () => train(tiny(out, { data: undefined, run, signal }));
  await assertRejects(training, Error, "enough");
  assertEquals(await Deno.stat(out).catch(() => "gone"), "gone");
});
