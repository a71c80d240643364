/**
 * `rin eval`.
 *
 * @module
 */
import { Rin } from "../../src/diffusion/rin.ts";
import { folderOf } from "../../src/files/write_file.ts";
import type { FloatType } from "../../src/graph/ops.ts";
import { sha256 } from "../../src/model/identity.ts";
import { trainedSteps } from "../../src/model/trained_steps.ts";
import { type CheckpointFile, openCheckpoint } from "../../src/run/checkpoint_file.ts";
import type { DataSettings } from "../../src/run/load_data.ts";
import type { SavedRun } from "../../src/run/saved_run.ts";
import { DEFAULT_TRAIN_OPTIONS, type TrainOptions } from "../../src/train/options.ts";
import type { Command } from "../command.ts";
import { Interrupted, UsageError } from "../errors.ts";
import { evaluate, makeShare } from "../evaluation/evaluation.ts";
import { type Features, readFeatures } from "../evaluation/features.ts";
import { FID_OPTIONS, openFid, readFidFiles } from "../evaluation/fid.ts";
import { reportFolder, reportText, writeReport } from "../evaluation/report.ts";
import { FORCE_OPTION } from "../files/overwrite.ts";
import {
  CHECKPOINT_OPTION,
  CONFIG_OPTION,
  givenCheckpoint,
  givenConfig,
} from "../options/checkpoint_options.ts";
import { DEVICE_OPTIONS, deviceRequest, PRECISION_OPTION } from "../options/device_options.ts";
import { type Given, type Option, type Value, withDefaults } from "../options/options.ts";
import { ownUnlessGiven, sampledAs } from "../options/own_sampling.ts";
import { numberWithin, readSampler, SAMPLER_OPTIONS } from "../options/sampler_options.ts";
import { expectFilled, type Shard, SHARD_OPTION, shardOf } from "../shards/shard.ts";
import { INTERRUPTED, interruptible } from "../terminal/interrupt.ts";
import { print, Terminal } from "../terminal/terminal.ts";

const images: Option[] = [
  {
    key: "data",
    type: "text",
    value: "SOURCE",
    help: "images to compare with, as for rin train (default: those of the run)",
  },
  {
    key: "validFraction",
    type: "number",
    help: "held-out share of those images (default: as in the run)",
  },
  {
    key: "validCount",
    type: "integer",
    help: "most held-out images for the loss",
    default: 256,
  },
  {
    key: "levels",
    type: "integer",
    help: "noise levels that the loss is measured at",
    default: 16,
  },
  {
    key: "dataCount",
    type: "integer",
    help: "most training images that samples are compared with",
    default: 5000,
  },
];

const samples: Option[] = [
  {
    key: "count",
    type: "integer",
    help: "number of samples; 0 measures only the loss; published FID values use 50,000",
    default: 1000,
  },
  {
    key: "samples",
    type: "text",
    value: "PATH",
    help:
      "read the samples from a folder of pictures, or their features from a merged .npz file, " +
      "instead of drawing them",
  },
  SHARD_OPTION,
  ...SAMPLER_OPTIONS,
];

const files: Option[] = [
  {
    key: "out",
    type: "text",
    value: "DIR",
    help: "folder for eval.json and loss_by_noise.svg (default: eval-step-N beside the " +
      "checkpoint, or eval-step-N-2 and so on if that holds results of other settings)",
  },
  CHECKPOINT_OPTION,
  FORCE_OPTION,
  CONFIG_OPTION,
  { key: "json", type: "boolean", help: "print eval.json instead of tables" },
  { key: "quiet", type: "boolean", help: "show no progress" },
];

/** Measures a network. */
export const evaluation: Command = {
  usage: "rin eval CHECKPOINT [options]",
  summary: "measure a trained network: loss by noise level, distance of samples to data",
  about: "Measures the loss of a checkpoint (a .safetensors file, or a run folder) on held-out " +
    "images by noise level, and the distance of its samples to the training images: Frechet " +
    "distance, precision and recall in a feature space that needs no download. For a network " +
    "of clips it measures only the loss. docs/evaluation.md explains the results.",
  groups: [
    { title: "Images", options: images },
    { title: "Samples", options: samples },
    { title: "Standard FID", options: FID_OPTIONS },
    { title: "Files", options: files },
    { title: "Device", options: [...DEVICE_OPTIONS, PRECISION_OPTION] },
  ],
  examples: [
    "rin eval runs/faces",
    "rin eval runs/faces/best.safetensors --count 5000 --sampler ddim --steps 50",
    "rin eval runs/faces --samples images/",
    "rin eval runs/faces --count 50000 --out shares --shard 0/8",
    "rin eval runs/celeba --count 50000 --inception inception.safetensors --statistics celeba.npz",
  ],
  run: runEval,
};

const all = [...images, ...samples, ...FID_OPTIONS, ...files];

async function runEval(given: Given): Promise<number> {
  const asked = withDefaults(all, given.flags);
  const path = givenCheckpoint(given);
  const counts = {
    count: numberWithin(asked, "count", 0, 10_000_000),
    dataCount: numberWithin(asked, "dataCount", 4, 10_000_000),
    validCount: numberWithin(asked, "validCount", 1, 10_000_000),
    levels: numberWithin(asked, "levels", 1, 1000),
  };
  readSampler(asked); // what is wrong with it is known before the checkpoint is
  const config = await givenConfig(asked.config);
  const file = await openCheckpoint(path, config);
  const own = ownUnlessGiven(file, given.flags);
  const flags: Record<string, Value> = { ...asked, ...own, ...given.flags };
  const sampler = readSampler(flags);
  const clips = file.checkpoint.config.frames > 1;
  const wanted = ["samples", "inception"].some((key) => key in given.flags) ||
    "count" in given.flags && counts.count > 0;
  if (clips && wanted) {
    throw new UsageError(
      `rin eval compares samples with data only for networks of images, and ${file.path} draws ` +
        `clips: to measure its loss by noise level, leave out --count, --samples and ` +
        `--inception`,
    );
  }
  const { data, training, step } = runOf(file, flags);
  const hash = await sha256(file.bytes);
  const features = /\.npz$/i.test(String(flags.samples))
    ? await readFeatures(String(flags.samples), hash)
    : undefined;
  const settings = { ...settingsOf(flags), ...features && madeAs(features), sha256: hash };
  const usual = `${folderOf(file.path)}/eval-step-${step ?? "unknown"}`;
  const shard = shardOf(flags);
  if (shard) checkShard(shard, flags, clips, counts.count);
  const out = shard
    ? String(flags.out ?? usual)
    : await reportFolder(flags.out, usual, settings, flags.force);
  const fidFiles = await readFidFiles(flags);
  const request = deviceRequest(flags);
  const terminal = new Terminal(flags.quiet === true);
  if (own && counts.count > 0 && flags.samples === undefined) terminal.note(sampledAs(own, flags));
  if (clips) terminal.note("A network of clips: rin eval measures only its loss by noise level");
  const device = await request();
  try {
    const precision = flags.precision as FloatType | undefined;
    const rin = await Rin.load(device, file.bytes, { config, precision });
    const fid = fidFiles && await openFid(device, fidFiles, String(flags.inception));
    const parts = {
      rin,
      data,
      training,
      counts: clips ? { ...counts, count: 0 } : counts,
      sampler,
      folder: flags.samples as string | undefined,
      features,
      fid,
      terminal,
    };
    const stopping = () => terminal.note("Stopping ... (Ctrl-C again leaves at once)");
    if (shard) {
      const share = { folder: out, shard, checkpoint: hash, force: flags.force === true };
      const path = await interruptible(
        (stop) => makeShare({ ...parts, stop }, share),
        stopping,
      );
      terminal.note(`Features of share ${shard.index} of ${shard.count} are in ${path}`);
      return 0;
    }
    const result = await interruptible((stop) => evaluate({ ...parts, stop }), stopping);
    const report = { checkpoint: file.path, step, data: data.data, settings, ...result };
    await writeReport(out, report);
    print(flags.json === true ? JSON.stringify(report, null, 2) : reportText(report));
    terminal.note(`Results and plot are in ${out}`);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof Interrupted)) throw thrown;
    terminal.finish();
    terminal.note(
      shard
        ? "Stopped; the work done is kept, and the same command continues it"
        : "Stopped; nothing was written",
    );
    return INTERRUPTED;
  } finally {
    device.destroy();
  }
}

/** @throws {UsageError} when there is nothing to share out */
function checkShard(
  shard: Shard,
  { samples }: Readonly<Record<string, Value>>,
  clips: boolean,
  count: number,
): void {
  if (clips || samples !== undefined) {
    throw new UsageError("--shard is for samples that rin eval makes: there are none to share out");
  }
  expectFilled(shard, count, "samples");
}

/** The flags that figures depend on. */
function settingsOf(flags: Readonly<Record<string, Value>>): Record<string, Value> {
  const beside = ["out", "force", "json", "quiet", "saveStatistics"];
  const { precision, ...others } = flags;
  const kept = Object.entries(others).filter(([key]) => !beside.includes(key));
  // The usual is left out, as in pictures' records.
  return { ...Object.fromEntries(kept), ...precision === "f16" && { precision } };
}

/** The flags that features were made with, in place of this command's: undefined for those left out. */
function madeAs({ rows, sampler }: Features): Record<string, Value> {
  const none = Object.fromEntries(SAMPLER_OPTIONS.map(({ key }) => [key, undefined]));
  // `precision` is that of the loss.
  const { precision: samplePrecision, ...others } = sampler as Record<string, Value>;
  return { ...none, ...others, samplePrecision, count: rows.length } as Record<string, Value>;
}

/** The run's images and training, where flags don't override them. */
function runOf(
  { path, checkpoint }: CheckpointFile,
  flags: Readonly<Record<string, Value>>,
): {
  data: DataSettings;
  training: Pick<TrainOptions, "seed" | "selfCondRate">;
  step?: number;
} {
  const { options, run } = (checkpoint.training ?? {}) as Partial<SavedRun>;
  const data = (flags.data ?? run?.data) as string | undefined;
  if (data === undefined) {
    throw new UsageError(
      `${path} does not say which images it was trained on: give them with --data`,
    );
  }
  // Another source has a split of its own.
  const known = flags.data === undefined ? run : undefined;
  const validFraction = (flags.validFraction ?? known?.validFraction) as number | undefined;
  return {
    data: { ...known, data, validFraction },
    training: options ?? DEFAULT_TRAIN_OPTIONS,
    step: trainedSteps(checkpoint),
  };
}
