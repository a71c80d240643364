/**
 * `rin train`.
 *
 * @module
 */
import type { Splits } from "../../src/data/dataset.ts";
import { type Gpu, requestGpu } from "../../src/device/webgpu/gpu.ts";
import { DeviceLostError } from "../../src/device/errors.ts";
import { adviceOn } from "../training/advice.ts";
import { type Command, expectNoRest, programName } from "../command.ts";
import { heedNohup, INTERRUPTED, interruptible } from "../terminal/interrupt.ts";
import { keepTraining, openTrainer } from "../../src/run/keep_training.ts";
import { withClasses } from "../options/classes.ts";
import { loadData } from "../../src/run/load_data.ts";
import type { Given, Option } from "../options/options.ts";
import { PRESETS } from "../../src/run/presets.ts";
import { profile } from "../training/profile.ts";
import { type Served, serveRun } from "../report/server.ts";
import { PORT, portOf } from "./report.ts";
import { defaultOf, readConfigFile, resolveSettings } from "../options/resolve.ts";
import { type OpenedRun, openRun } from "../../src/run/saved_run.ts";
import { newRunPath, RunFolder } from "../../src/run/run_folder.ts";
import { FIELDS } from "../options/fields.ts";
import { print, Terminal } from "../terminal/terminal.ts";

const own: Option[] = [
  {
    key: "preset",
    type: Object.keys(PRESETS),
    help: Object.entries(PRESETS).map(([name, { about }]) => `${name}: ${about}`).join("; "),
    default: "faces",
  },
  { key: "config", type: "text", value: "FILE", help: "JSON file of the fields below, by name" },
  { key: "out", type: "text", value: "DIR", help: "run folder (default: runs/PRESET-DATE-TIME)" },
  {
    key: "resume",
    type: "text",
    value: "DIR",
    help: "go on with the run in that folder, exactly where it was; --steps may be raised",
  },
  { key: "watch", type: "boolean", help: "show the run's page on this machine while it trains" },
  PORT,
  { key: "profile", type: "boolean", help: "say where a step's time goes, and leave" },
  { key: "quiet", type: "boolean", help: "say nothing but errors" },
];

const withDefaults = (options: readonly Option[]) =>
  options.map((option) => ({ ...option, default: option.default ?? defaultOf(option.key) }));

/** Trains a network. */
export const train: Command = {
  usage: "rin train [options]",
  summary: "train a network on images",
  about:
    "Trains a network and leaves checkpoints, grids of samples, metrics and a page of curves in a " +
    "run folder. Ctrl-C saves and says how to go on. Defaults shown are those of the faces preset.",
  groups: [
    { title: "Run", options: own },
    { title: "Images and files", options: withDefaults(FIELDS.run) },
    { title: "Network", options: withDefaults(FIELDS.network) },
    { title: "Training", options: withDefaults(FIELDS.training) },
  ],
  examples: [
    "rin train",
    "rin train --data ~/pictures --image-size 64 --flip --steps 20000",
    "rin train --preset demo --out runs/demo",
    "rin train --resume runs/demo --steps 5000",
  ],
  run: runTrain,
};

async function runTrain(given: Given): Promise<number> {
  expectNoRest(given);
  await heedNohup();
  const { flags } = given;
  const port = portOf(flags, "watch");
  const terminal = new Terminal(flags.quiet === true);
  const opened = flags.resume === undefined ? await newRun(given) : await openRun(given);
  const { settings, folder } = opened;
  let page: Served | undefined;
  try {
    if (flags.watch === true) page = serveRun(folder.path, port);
    if (page) terminal.note(`Watch at ${page.url}`);
    const gpu = await requestGpu();
    terminal.note(`Adapter: ${gpu.description}`);
    const advice = flags.resume === undefined ? adviceOn(settings.network) : undefined;
    if (advice !== undefined) terminal.note(advice);
    let splits: Splits | undefined;
    try {
      splits = await loadData(settings.run, settings.network, terminal);
      opened.checkImages(splits.train.count);
      const classified = withClasses(opened, splits.train.classNames);
      if (flags.profile === true) {
        const { trainer } = await openTrainer(gpu, classified);
        print(await profile(trainer, splits.train, settings));
        return 0;
      }
      return await trainIn(classified, splits, gpu, terminal);
    } finally {
      splits?.close();
      gpu.destroy();
    }
  } finally {
    page?.stop();
    await folder.close();
  }
}

async function newRun({ flags }: Given): Promise<OpenedRun> {
  const { preset: asked, config, out, profile: _p, quiet: _q, watch: _w, port: _o, ...fields } =
    flags;
  const file = config === undefined ? {} : await readConfigFile(String(config));
  const { preset, settings } = resolveSettings(asked as string | undefined, file, fields);
  const path = out === undefined ? await newRunPath(preset, new Date()) : String(out);
  const { data, labels } = settings.run;
  // A run may be resumed from another folder. What isn't there is the data reader's to report.
  const absolute = async (path: string, words: readonly string[]) =>
    words.includes(path) ? path : await Deno.realPath(path).catch(() => path);
  const run = {
    ...settings.run,
    data: await absolute(data, ["", "faces", "emoji"]),
    labels: await absolute(labels, ["none", "auto"]),
  };
  return {
    preset,
    settings: { ...settings, run },
    folder: await RunFolder.create(path),
    checkImages: () => {},
  };
}

async function trainIn(
  opened: OpenedRun,
  splits: Splits,
  gpu: Gpu,
  terminal: Terminal,
): Promise<number> {
  const { settings: { training: { steps } }, folder } = opened;
  const again = `${programName()} train --resume ${quoted(folder.path)}`;
  const { ended, step } = await interruptible(
    (stop) => keepTraining({ opened, splits, gpu, terminal, stop }),
    () => terminal.note("Stopping after this step ... (Ctrl-C again leaves at once)"),
  ).catch((thrown) => {
    if (!(thrown instanceof DeviceLostError)) throw thrown;
    throw new DeviceLostError(`${thrown.message}; go on from the last checkpoint with: ${again}`);
  });
  if (ended === "stopped") {
    terminal.note(`Stopped after step ${step} of ${steps} and saved. Go on with:`);
    terminal.note(`  ${again}`);
    return INTERRUPTED;
  }
  terminal.note(
    `Done: samples, checkpoints and report.html, with the curves, are in ${folder.path}`,
  );
  terminal.note(`  ${programName()} sample --checkpoint ${quoted(folder.path)}`);
  return 0;
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./~+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
