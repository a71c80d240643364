/**
 * `rin info`.
 *
 * @module
 */
import type { RinConfig } from "../../src/model/config.ts";
import { forwardFlops } from "../../src/model/flops.ts";
import { countParameters } from "../../src/model/parameters.ts";
import type { Dtype } from "../../src/model/safetensors.ts";
import { trainedSteps } from "../../src/model/trained_steps.ts";
import { type CheckpointFile, openCheckpoint } from "../../src/run/checkpoint_file.ts";
import { PRESETS } from "../../src/run/presets.ts";
import { completeTrainOptions, type TrainOptions } from "../../src/train/options.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../errors.ts";
import { CHECKPOINT_OPTION, checkpointIn, givenCheckpoint } from "../options/checkpoint_options.ts";
import { FIELDS } from "../options/fields.ts";
import { flagOf } from "../options/flag_name.ts";
import type { Given, Option } from "../options/options.ts";
import { defaultOf, only, readConfigFile, resolveSettings } from "../options/resolve.ts";
import { print } from "../terminal/terminal.ts";
import { byteSize, flopCount } from "../terminal/units.ts";
import {
  type DeviceBytes,
  halfSamplingBytes,
  samplingBytes,
  trainingBytes,
} from "../training/memory.ts";

/** Batch size for which `info` gives the memory of sampling, or as much of it as a GPU can. */
const SAMPLED = 16;

/** Bytes that 32-bit addresses reach. */
const CPU_LIMIT = 2 ** 32;

const options: Option[] = [
  CHECKPOINT_OPTION,
  {
    key: "config",
    type: "text",
    value: "FILE",
    help: "JSON file with the network's fields, for a checkpoint that lacks them, or with fields " +
      "that change the preset, as for rin train",
  },
  {
    key: "preset",
    type: Object.keys(PRESETS),
    value: "NAME",
    help: "describe what a preset (rin train --help names them) would train instead of a " +
      "checkpoint, changed by any of the flags below",
  },
  { key: "json", type: "boolean", help: "as JSON" },
];

/** Describes a checkpoint. */
export const info: Command = {
  usage: "rin info CHECKPOINT|--preset NAME [options]",
  summary: "describe a checkpoint or a preset",
  about: "Describes a checkpoint (a .safetensors file, or a run folder) or, before training, a " +
    "preset with flags: the network's config, its parameters, its training, the work of a " +
    "pass, and the memory that it needs on a GPU and on the CPU. Uses no device.",
  groups: [
    { title: "Options", options },
    { title: "Network, with --preset", options: FIELDS.network },
    { title: "Training, with --preset", options: FIELDS.training },
  ],
  examples: [
    "rin info runs/faces",
    "rin info best.safetensors --json",
    "rin info --preset cifar10 --batch-size 256 --accumulate 16",
  ],
  run: runInfo,
};

async function runInfo(given: Given): Promise<number> {
  const { flags } = given;
  const { preset, checkpoint: _c, config: file, json: _j, ...fields } = flags;
  const show = (facts: Facts) =>
    print(flags.json === true ? JSON.stringify(facts, null, 2) : prose(facts));
  if (preset !== undefined) {
    if (checkpointIn(given) !== undefined) {
      throw new UsageError("A checkpoint or a preset, please: got both");
    }
    const changes = file === undefined ? {} : await readConfigFile(String(file));
    const { settings: { network, training } } = resolveSettings(String(preset), changes, fields);
    show({ preset: String(preset), ...workOf(network, training), training });
    return 0;
  }
  const [field] = Object.keys(fields);
  if (field !== undefined) {
    throw new UsageError(
      `${flagOf(field)} changes what a preset would train: give --preset NAME with it`,
    );
  }
  const path = givenCheckpoint(given);
  const config = file === undefined
    ? undefined
    : only("network", await readConfigFile(String(file)));
  show(describe(await openCheckpoint(path, config)));
  return 0;
}

/** Facts about a checkpoint, a preset, or both alike. */
interface Facts extends Work {
  readonly preset?: string;
  readonly path?: string;
  readonly bytes?: number;
  readonly step?: number | null;
  readonly about?: Readonly<Record<string, unknown>>;
  readonly holds?: { readonly movingAverage: boolean; readonly optimizer: boolean };
  /** Devices that trained it, the first one first. */
  readonly devices?: readonly string[];
  readonly training: TrainOptions | null;
}

type Work = ReturnType<typeof workOf>;

function describe(
  { path, bytes, checkpoint: { config, slabs, dtype, training, about } }: CheckpointFile,
): Facts {
  const saved = training as {
    readonly step?: number;
    readonly options?: Partial<TrainOptions>;
    readonly devices?: readonly string[];
  } | undefined;
  const trainOptions = completeTrainOptions(saved?.options ?? {});
  return {
    path,
    bytes: bytes.length,
    ...workOf(config, trainOptions, dtype),
    step: saved?.step ?? null,
    devices: saved?.devices ?? [],
    about: about ?? {},
    holds: {
      movingAverage: slabs.ema !== undefined,
      optimizer: slabs.adam_m !== undefined && slabs.adam_v !== undefined,
    },
    training: saved?.options ? trainOptions : null,
  };
}

/** The work of a network and of its training. */
function workOf(config: RinConfig, trainOptions: TrainOptions, dtype: Dtype = "f32") {
  // As sampling halves its batch.
  let batch = SAMPLED;
  let bytes = samplingBytes(config, batch);
  while (bytes.gpu === null && batch > 1) bytes = samplingBytes(config, batch /= 2);
  return {
    config,
    parameters: countParameters(config),
    dtype,
    forwardFlopsPerImage: forwardFlops(config),
    memory: {
      sampling: {
        batch,
        bytes,
        ...dtype === "f16" && { bytesWithShaderF16: halfSamplingBytes(config, batch, "f32") },
        bytesWithPrecisionF16: halfSamplingBytes(config, batch, "f16"),
      },
      training: {
        batch: trainOptions.batchSize,
        parts: trainOptions.accumulate,
        bytes: trainingBytes(config, trainOptions),
      },
    },
  };
}

function batchOf(example: string, { batch, parts }: Work["memory"]["training"]): string {
  return `${batch} ${example}s a step` + (parts > 1 ? `, in ${parts} parts` : "");
}

function prose(facts: Facts): string {
  const { preset, about = {}, devices = [], config, holds, memory, training } = facts;
  const example = config.frames > 1 ? "clip" : "image";
  const whole = (value: number) => value.toLocaleString("en-US");
  const held = [
    "parameters",
    holds?.movingAverage && "their moving average (used for sampling)",
    holds?.optimizer && "the optimizer's state (training can continue)",
  ].filter(Boolean);
  const origin: [string, string][] = preset !== undefined
    ? [["Preset", `${preset}: ${PRESETS[preset].about}`]]
    : [
      ["Checkpoint", `${facts.path} (${byteSize(facts.bytes!)})`],
      ["Holds", held.join(", ")],
      [
        "Trained for",
        trainedFor(facts),
      ],
      ...devices.length > 0 ? [["Devices", devices.join(", then ")] as [string, string]] : [],
    ];
  const { bytes, bytesWithShaderF16: halved, bytesWithPrecisionF16: half, batch } = memory.sampling;
  const sampled = `to sample ${batch} ${example}${batch > 1 ? "s" : ""} at a time`;
  const trained = `to train with ${batchOf(example, memory.training)}`;
  const size = (bytes: number | null) => bytes === null ? "beyond 32-bit indices" : byteSize(bytes);
  const memoryLines = (device: keyof DeviceBytes, least = bytes[device]): [string, string][] => {
    const [sampling, training] = [bytes[device], memory.training.bytes[device]];
    const halves = least !== sampling ? `; without shader-f16 ${size(sampling)}` : "";
    const beyond = device === "cpu" && training! > CPU_LIMIT
      ? ": too much, it holds 4 GiB"
      : training === null
      ? ": use a smaller --batch-size or more --accumulate"
      : "";
    return [
      [`${device.toUpperCase()} memory`, `${size(least)} ${sampled}${halves}`],
      ...device === "gpu"
        ? [["", `${size(half)} ${sampled} with --precision f16`] as [string, string]]
        : [],
      ["", `${size(training)} ${trained}${beyond}`],
    ];
  };
  const lines: [string, string][] = [
    ...origin,
    [
      "Parameters",
      `${whole(facts.parameters)}${facts.dtype === "f16" ? " in half precision" : ""}`,
    ],
    [
      "Work",
      `${flopCount(facts.forwardFlopsPerImage)} a pass and ${example}`,
    ],
    ...memoryLines("gpu", halved),
    ...memoryLines("cpu"),
  ];
  const rows = (entries: [string, unknown][], indent: string) => {
    const width = Math.max(...entries.map(([name]) => name.length)) + 2;
    return entries.map(([name, value]) => `${indent}${name.padEnd(width)}${value}`);
  };
  const marked = (fields: object) =>
    Object.entries(fields).map((
      [key, value],
    ): [string, unknown] => [key, besideDefault(key, value)]);
  return [
    ...rows(lines, ""),
    ...Object.keys(about).length > 0 ? ["", "About:", ...rows(Object.entries(about), "  ")] : [],
    "",
    "Network:",
    ...rows(marked(config), "  "),
    ...training ? ["", "Training:", ...rows(marked(training), "  ")] : [],
  ].join("\n");
}

/** As a run's checkpoint says it, or the card of an export. */
function trainedFor({ step, training, about }: Facts): string {
  const whole = (value: number) => value.toLocaleString("en-US");
  const done = step ?? trainedSteps({ about });
  if (done === undefined) return "unknown";
  const all = typeof step === "number" && training ? ` of ${whole(training.steps)}` : "";
  return `${whole(done)}${all} steps`;
}

/** A value, with the default where they differ. */
function besideDefault(key: string, value: unknown): string {
  const usual = defaultOf(key);
  const same = usual === undefined || String(usual) === String(value);
  return same ? `${value}` : `${value}  (default: ${usual})`;
}
