// The library is as strict as the command line, and all read one table: what is refused here is
// refused by the service, the command line and the page, in the same words.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromFragment, readSettings, USUAL } from "../../page/settings.ts";
import { readSampler, SAMPLER_OPTIONS } from "../../cli/options/sampler_options.ts";
import { type Value, withDefaults } from "../../cli/options/options.ts";
import { lossAndGradients, type LossExample } from "../../src/diffusion/loss.ts";
import { USUAL_SAMPLING } from "../../src/diffusion/usual_sampling.ts";
import { SAMPLE_OPTIONS } from "../../src/diffusion/sample_options.ts";
import { ConfigError, type PredictOptions, Rin, type SampleOptions } from "../../src/sampling.ts";
import { completeRunOptions } from "../../src/run/options.ts";
import { imageFields } from "../../src/service/fields.ts";
import { completeLimits } from "../../src/service/limits.ts";
import { readFields } from "../../src/service/read_fields.ts";
import { createService, type ServiceOptions } from "../../src/service/service.ts";
import { completeTrainOptions } from "../../src/train/options.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { completeConfig } from "../../src/model/config.ts";
import { requestCpu } from "../../src/device/cpu/request.ts";
import { requestDevice } from "../../src/device/request.ts";
import { requestGpu } from "../../src/device/webgpu/gpu.ts";
import {
  type NewRunOptions,
  type ResumeOptions,
  resumeTraining,
  train,
} from "../../src/run/train.ts";
import { withFolder } from "../data/scratch.ts";
import { cpuTest } from "../helpers/devices.ts";

const CONFIG = { imageSize: 8, patchSize: 4, latentDim: 8, numLatents: 4, numHeads: 2 };

const PIXELS = 3 * 64;

const broken = new Float32Array(PIXELS).fill(0.5);
broken[7] = NaN;

cpuTest("Rin.sample() refuses what can't be, each in one sentence", async (cpu) => {
  const rin = await Rin.create(cpu, CONFIG);
  const refused: [options: unknown, message: string][] = [
    [
      { sampler: "euler" },
      'sampler is "euler": expected "ddpm", "ddim", "dpm++", "heun" or "renoise"',
    ],
    [{ sampler: "toString" }, 'sampler is "toString": expected'],
    [{ times: "foo" }, 'times is "foo": expected "uniform", "cosine" or "logsnr"'],
    [{ variance: "huge" }, 'variance is "huge": expected "small" or "large"'],
    [{ seed: -1 }, "seed is -1: expected a whole number from 0 to 4294967295"],
    [{ seed: 1.5 }, "seed is 1.5"],
    [{ seed: 2 ** 32 }, "seed is 4294967296"],
    [{ seed: "1" }, 'seed is "1"'],
    [{ steps: "10" }, 'steps is "10": expected a whole number from 1 to 100000'],
    [{ steps: Infinity }, "steps is Infinity"],
    [{ count: 2 ** 40 }, "count is 1099511627776: expected a whole number from 1 to 10000000"],
    [{ eta: NaN }, "eta is NaN: expected a number from 0 to 1"],
    [{ eta: null }, "eta is null"],
    [{ clip: "on" }, 'clip is "on": expected true or false, or a number above 0 and up to 1'],
    [{ guidance: Infinity }, "guidance is Infinity: expected a number from -1000 to 1000"],
    [{ guidance: 2 }, "guidance is 2, but the network has no classes"],
    [{ warmStart: "1" }, 'warmStart is "1"'],
    [{ step: 5 }, 'Unknown option "step": did you mean steps?'],
    [{ batch_size: 5 }, 'Unknown option "batch_size": did you mean batchSize?'],
    [
      { numInferenceSteps: 5 },
      'Unknown option "numInferenceSteps": known are count, seed',
    ],
    [{ class: 5 }, 'Unknown option "class"'],
    [new Float32Array(3), "The options are a value of Float32Array: expected an object"],
    [4, "The options are 4: expected an object"],
    [null, "The options are null: expected an object"],
    [{ labels: [0], count: 1 }, "the network has no classes"],
    [{ labels: 3 }, "labels is 3: expected a list of numbers"],
    [{ indices: [0, -1] }, "indices is [0,-1]: expected a list of numbers, each a whole number"],
    [{ indices: 2 }, "indices is 2"],
    [{ seeds: [1, NaN], count: 2 }, "seeds is [1,null]: expected a list of numbers"],
    [{ interpolate: [1] }, "interpolate is [1]: expected a list of 2"],
    [{ interpolate: [1, -2] }, "interpolate is [1,-2]: expected a list of 2"],
    [{ image: [0.5] }, "image is [0.5]: expected a value of Float32Array"],
    [{ image: broken }, "image has NaN at place 7: expected finite numbers"],
    [{ image: new Float32Array(PIXELS), strength: NaN }, "strength is NaN"],
    [{ onStep: true }, "onStep is true: expected a value of Function"],
    [
      { signal: new AbortController() },
      "signal is a value of AbortController: expected a value of AbortSignal",
    ],
    [{ estimates: -1 }, "estimates is -1: expected a whole number from 0"],
  ];
  for (const [options, message] of refused) {
    const error = await assertRejects(
      () => rin.sample(options as SampleOptions),
      RangeError,
      message,
    );
    assert(!error.message.includes("\n") && error.message.length < 400, error.message);
  }
  // Options that are undefined are as good as none.
  const plain = await rin.sample({ count: 1, steps: 1 });
  const none = { seed: undefined, sampler: undefined, labels: undefined, image: undefined };
  assertEquals(await rin.sample({ count: 1, steps: 1, ...none }), plain);
  rin.destroy();
});

cpuTest(
  "Rin.predict(), Rin.load(), Trainer.create(), and lossAndGradients() refuse what can't be",
  async (cpu) => {
    const rin = await Rin.create(cpu, CONFIG);
    const [x, t] = [new Float32Array(PIXELS), Float32Array.of(0.5)];
    const predict = (...given: unknown[]) =>
      rin.predict(...given as [typeof x, typeof t, PredictOptions]);
    const service = (given: object) => createService({ rin, checkpoint: x, ...given });
    const latents = new Float32Array(32);
    const refused: [make: () => Promise<unknown>, message: string][] = [
      [() => predict(x, t, latents), "The options are a value of Float32Array: expected an"],
      [() => predict(x, t, { latents }), 'Unknown option "latents"'],
      [() => predict(x, t, { label: [1] }), 'option "label": did you mean labels?'],
      [() => predict(x, t, { labels: [0] }), "the network has no classes"],
      [
        () => predict(x, t, { previous: { latents: [1] } }),
        "previous.latents is [1]: expected a value of Float32Array",
      ],
      [() => predict(broken, t), "xt has NaN at place 7: expected finite numbers"],
      [() => predict([...x], t), "expected a value of Float32Array"],
      [() => predict(x, 0.5), "t is 0.5: expected a value of Float32Array"],
      [() => predict(x, new Float32Array()), "t is empty"],
      [() => predict(x, Float32Array.of(NaN)), "A time is NaN: expected a number from 0 to 1"],
      [() => predict(x, Float32Array.of(500)), "A time is 500: expected a number from 0 to 1"],
      [() => Rin.create(cpu, CONFIG, { seed: -1 }), "seed is -1: expected a whole number from 0"],
      [() => Rin.create(cpu, CONFIG, { sed: 1 } as object), "did you mean seed?"],
      [
        async () => Rin.load(cpu, await rin.save(), CONFIG as object),
        'Unknown option "image',
      ],
      [() => lossAndGradients(rin, { x0: x, noise: broken, t }), "noise has NaN at place 7"],
      [
        () => lossAndGradients(rin, { x0: x, noise: x, t, label: 1 } as unknown as LossExample),
        'Unknown field "label"',
      ],
      [
        () => createService({ rin, checkpoint: x, tokn: "x" } as unknown as ServiceOptions),
        'Unknown service option "tokn": did you mean token?',
      ],
      [() => predict(x, t, { previous: null }), "previous is null: expected an object"],
      [() => Rin.load(cpu, x, { config: 8 } as object), "config is 8: expected an object"],
      [() => service({ rin: undefined }), "rin is undefined: expected an object"],
      [() => service({ name: 5 }), "name is 5: expected a text"],
      [() => service({ token: 5 }), "token is 5: expected a text"],
      [() => service({ hosts: "localhost" }), 'hosts is "localhost": expected a list of names'],
      [() => service({ assets: {} }), "assets is {}: expected a value of Map"],
      [() => service({ onFault: true }), "onFault is true: expected a value of Function"],
      [() => service({ limits: 5 }), "The service limits are 5: expected an object"],
      [() => service({ limits: { batch: "8" } }), "limits.batch is 8: expected a whole number"],
    ];
    for (const [make, message] of refused) await assertRejects(make, RangeError, message);
    assertThrows(() => completeLimits({ ques: 1 } as object), RangeError, "did you mean queue?");
    rin.destroy();
  },
);

cpuTest("Trainer.step() refuses what can't be", async (cpu) => {
  const trainer = await Trainer.create(cpu, CONFIG, { batchSize: 1 });
  const x = new Float32Array(PIXELS);
  const enqueue = (...given: unknown[]) => trainer.enqueue(...given as [typeof x, object]);
  await assertRejects(() => enqueue(x, [1]), RangeError, "The options are [1]");
  await assertRejects(() => enqueue(x, { label: [1] }), RangeError, "did you mean labels?");
  await assertRejects(() => enqueue([...x]), RangeError, "expected a value of Float32Array");
  await assertRejects(() => trainer.step(x, [0]), RangeError, "the network has no classes");
  const bytes = await trainer.save();
  await assertRejects(
    () => Trainer.resume(cpu, bytes, { learningRate: 1 } as object),
    ConfigError,
    'Unknown training option "learningRate": known are batchSize',
  );
  const create = (...given: unknown[]) => () =>
    Trainer.create(...[cpu, ...given] as unknown as Parameters<typeof Trainer.create>);
  const validate = (batch: unknown, which?: string) => () =>
    trainer.validate([batch as typeof x], which as "ema");
  const refused: [
    make: () => Promise<unknown>,
    Failure: new (words: string) => Error,
    message: string,
  ][] = [
    [create(5), ConfigError, "The config fields are 5: expected an object"],
    [create(CONFIG, "fast"), ConfigError, 'The training options are "fast": expected an object'],
    [create(CONFIG, {}, { int: bytes }), ConfigError, 'option "int": did you mean init?'],
    [create(CONFIG, {}, { init: [1] }), ConfigError, "init is [1]: expected a value of Uint8Array"],
    [
      () => Trainer.resume(cpu, bytes, 5 as unknown as object),
      ConfigError,
      "The training options are 5",
    ],
    [() => trainer.save("x" as unknown as Record<string, unknown>), RangeError, 'are "x"'],
    [() => enqueue(x, { measure: 1 }), RangeError, "measure is 1: expected true or false"],
    [validate(x, "emas"), RangeError, 'which is "emas": expected "ema" or "parameters"'],
    [validate({ images: x, label: [1] }), RangeError, 'field "label": did you mean labels?'],
    [validate(x.subarray(5)), RangeError, "images has 187 numbers: expected 192"],
    [validate(7), RangeError, "The fields are 7: expected an object"],
    [validate({}), RangeError, "images is undefined: expected a value of Float32Array"],
  ];
  for (const [make, Failure, message] of refused) await assertRejects(make, Failure, message);
  trainer.destroy();
  const options: [complete: (options: object) => unknown, options: unknown, message: string][] = [
    [completeTrainOptions, { lr: "0.1" }, 'lr is "0.1": expected a number from 0 to 10'],
    [completeTrainOptions, { lr: NaN }, "lr is NaN"],
    [
      completeTrainOptions,
      { seed: -1 },
      "seed is -1: expected a whole number from 0 to 4294967295",
    ],
    [completeTrainOptions, { batchsize: 4 }, 'option "batchsize": did you mean batchSize?'],
    [completeTrainOptions, { constructor: 4 }, 'Unknown training option "constructor"'],
    [completeTrainOptions, [], "The training options are []"],
    [
      completeConfig,
      { inputScale: "1" },
      'inputScale is "1": expected a number from 0.001 to 1000',
    ],
    [completeConfig, { numHead: 2 }, 'Unknown config field "numHead": did you mean numHeads?'],
    [completeConfig, "faces", 'The config fields are "faces": expected an object'],
    [completeRunOptions, { flip: "yes" }, 'flip is "yes": expected true or false'],
    [completeRunOptions, { data: 5 }, "data is 5: expected a text"],
    [completeRunOptions, { validFraction: NaN }, "validFraction is NaN: expected a number"],
    [completeRunOptions, { saveEvery: 0 }, "saveEvery is 0: expected a whole number of 1 or more"],
    [
      completeRunOptions,
      { sampleSteps: 1e9 },
      "sampleSteps is 1000000000: expected a whole number",
    ],
    [completeRunOptions, { onNan: "ignore" }, 'onNan is "ignore": expected "skip" or "stop"'],
    [completeRunOptions, { saveEvry: 1 }, 'Unknown run option "saveEvry": did you mean saveEvery?'],
  ];
  for (const [complete, given, message] of options) {
    assertThrows(() => complete(given as object), ConfigError, message);
  }
});

Deno.test("requestGpu() and requestCpu() refuse wrong options before they look for a device", async () => {
  const refused: [request: (options: object) => Promise<unknown>, given: unknown, string][] = [
    [requestGpu, { sofware: false }, 'Unknown option "sofware": did you mean software?'],
    [requestGpu, { software: "no" }, 'software is "no": expected true or false'],
    [requestGpu, { powerPreference: "max" }, 'expected "low-power" or "high-performance"'],
    [requestGpu, { threads: 2 }, 'Unknown option "threads": known are powerPreference, f16'],
    [requestGpu, 4, "The options are 4: expected an object"],
    [requestCpu, { thread: 2 }, 'Unknown option "thread": did you mean threads?'],
    [requestCpu, { threads: -1 }, "threads is -1: expected a whole number from 1 to 256"],
    [requestCpu, { threads: "2" }, 'threads is "2": expected a whole number'],
    [requestCpu, { memoryLimit: 1 }, "memoryLimit is 1: expected a number from 1048576"],
    [requestDevice, { theads: 2 }, 'Unknown option "theads": did you mean threads?'],
    [requestDevice, { threads: 0 }, "threads is 0"],
    [requestDevice, { f16: 1 }, "f16 is 1: expected true or false"],
    [requestDevice, { software: true }, 'Unknown option "software"'],
  ];
  for (const [request, given, message] of refused) {
    await assertRejects(() => request(given as object), RangeError, message);
  }
});

Deno.test("train() refuses wrong options before it makes a folder", async () => {
  const read = () => Promise.resolve(new Uint8Array());
  const set = { name: "a", imageSize: 16, count: 4, read };
  const refused: [given: object, message: string][] = [
    [{ sed: 1 }, 'Unknown option "sed"'],
    [{ onEvents: () => {} }, 'Unknown option "onEvents": did you mean onEvent?'],
    [{ device: undefined }, "device is undefined: expected an object, or a value of Function"],
    [{ device: "gpu" }, 'device is "gpu"'],
    [{ signal: new AbortController() }, "expected a value of AbortSignal"],
    [{ onEvent: true }, "onEvent is true"],
    [{ training: 5 }, "training is 5: expected an object"],
    [{ run: "x" }, 'run is "x": expected an object'],
    [{ data: "pictures" }, 'data is "pictures": expected an object'],
    [{ data: {} }, "data.name is undefined: expected a text"],
    [{ data: { ...set, count: NaN } }, "data.count is NaN: expected a whole number of 0 or more"],
    [{ data: { ...set, read: 1 } }, "data.read is 1: expected a value of Function"],
    [{ data: { train: set } }, "data.valid is undefined: expected an object"],
    [{ data: { train: set, valid: { ...set, imageSize: 0 } } }, "data.valid.imageSize is 0"],
    [{ loggers: {} }, "loggers is {}: expected a value of Array"],
    [{ loggers: [5] }, "loggers[0] is 5: expected an object"],
    [{ loggers: [{}] }, "loggers[0] is {}: expected one of the methods start, metrics, samples"],
    [{ loggers: [{ end: 5 }] }, "loggers[0].end is 5: expected a value of Function"],
    [
      { loggers: [{ end: read, metric: read }] },
      'Unknown logger method "metric": did you mean metrics?',
    ],
  ];
  const ofNew: typeof refused = [
    ...refused,
    [{ out: undefined }, "out is undefined: expected a text"],
    [{ allowChangedData: true }, 'Unknown option "allowChangedData"'],
    [{ force: 1 }, "force is 1: expected true or false"],
    [{ preset: 5 }, "preset is 5: expected a text"],
    [{ init: "a.safetensors" }, 'init is "a.safetensors": expected a value of Uint8Array'],
    [{ network: [] }, "network is []: expected an object"],
  ];
  const ofResumed: typeof refused = [
    ...refused,
    [{ folder: undefined }, "folder is undefined: expected a text"],
    [{ network: {} }, 'Unknown option "network"'],
    [{ allowChangedData: "yes" }, 'allowChangedData is "yes": expected true or false'],
  ];
  await withFolder(async (folder) => {
    const path = `${folder}/run`;
    const context = { device: requestCpu, data: set };
    for (const [given, message] of ofNew) {
      const call = { ...context, out: path, ...given } as NewRunOptions;
      await assertRejects(() => train(call), ConfigError, message);
    }
    for (const [given, message] of ofResumed) {
      const call = { ...context, folder: path, ...given } as ResumeOptions;
      await assertRejects(() => resumeTraining(call), ConfigError, message);
    }
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});

Deno.test("library, service, command line, and page have the same values and defaults", () => {
  const network = { config: completeConfig({ ...CONFIG, numClasses: 2 }) };
  const fields = imageFields(network, completeLimits());
  const names = ["sampler", "times", "variance", "eta", "warmStart", "guidance", "seed"] as const;
  // What people are offered begins with other samplers than the library's.
  const usual: Readonly<Record<string, unknown>> = USUAL_SAMPLING;
  for (const name of names) {
    const wanted = { ...SAMPLE_OPTIONS[name], ...name in usual && { default: usual[name] } };
    assertEquals(fields[name].schema, wanted, name);
    const flag = SAMPLER_OPTIONS.find(({ key }) => key === name);
    if (flag) assertEquals(flag.default, wanted.default, name);
  }
  const wrong = { eta: 1.5, warmStart: -1, seed: -1, steps: 0 };
  for (const [name, value] of Object.entries(wrong)) {
    const words = readError(() => readFields(fields, { [name]: value }));
    assert(words.startsWith(`${name} is ${value}: expected a `), words);
    const flags: Record<string, Value> = { ...withDefaults(SAMPLER_OPTIONS, {}), [name]: value };
    const flag = name === "warmStart" ? "--warm-start" : `--${name}`;
    const [from, to] = name === "steps" ? ["100000", "1000"] : ["", ""];
    assertEquals(readError(() => readSampler(flags)).replace(from, to), words.replace(name, flag));
    const { problems } = readSettings(fromFragment(`${name}=${value}`), USUAL, 2);
    assertEquals(problems, [`${words}.`]);
  }
});

function readError(read: () => unknown): string {
  try {
    read();
  } catch (thrown) {
    return (thrown as Error).message;
  }
  throw new Error("Nothing was refused");
}
