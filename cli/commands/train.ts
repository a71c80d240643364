/**
 * `rin train`.
 *
 * @module
 */
import type { Device } from "../../src/device/device.ts";
import { DeviceLostError } from "../../src/device/errors.ts";
import type { RunEvent } from "../../src/run/events.ts";
import { openCheckpoint } from "../../src/run/checkpoint_file.ts";
import { createRun, networkToBegin, type OpenedRun, reopenRun } from "../../src/run/open_run.ts";
import { FORCE_OPTION } from "../files/overwrite.ts";
import { prepareRun, type RunContext } from "../../src/run/prepare_run.ts";
import { PRESETS } from "../../src/run/presets.ts";
import { joinTraining, resumeTraining, type RunResult, train } from "../../src/run/train.ts";
import type { Peers } from "../../src/train/peers.ts";
import { joinPeers, rankOf } from "../cluster/join.ts";
import { type Command, expectNoRest, programName } from "../command.ts";
import { explain, UsageError } from "../errors.ts";
import { missingDriverAdvice } from "../gpu_advice.ts";
import { DEVICE_OPTIONS, deviceRequest } from "../options/device_options.ts";
import { FIELDS } from "../options/fields.ts";
import type { Given, Option } from "../options/options.ts";
import { PORT, portOf } from "../options/port.ts";
import {
  defaultOf,
  type Fields,
  inFlags,
  readConfigFile,
  resolveSettings,
} from "../options/resolve.ts";
import { ReportFile } from "../report/report_file.ts";
import { type Served, serveRun } from "../report/server.ts";
import { quoted } from "../shell_words.ts";
import { detectNohup, INTERRUPTED, Interruption } from "../terminal/interrupt.ts";
import { runReporter } from "../terminal/run_reporter.ts";
import { print, Terminal } from "../terminal/terminal.ts";
import { adviceOn } from "../training/advice.ts";
import { newRunPath } from "../training/new_run_path.ts";
import { profile } from "../training/profile.ts";
import { resumeChanges } from "../training/resume_flags.ts";

/** Which run. */
const run: Option[] = [
  {
    key: "preset",
    type: Object.keys(PRESETS),
    value: "NAME",
    help: Object.entries(PRESETS).map(([name, { about }]) => `${name}: ${about}`).join("; "),
    default: "faces",
  },
  { key: "config", type: "text", value: "FILE", help: "JSON file of the fields below, by name" },
  { key: "out", type: "text", value: "DIR", help: "run folder (default: runs/PRESET-DATE-TIME)" },
  FORCE_OPTION,
  {
    key: "init",
    type: "text",
    value: "CHECKPOINT",
    help: "fine-tune: start from the weights and the network of a checkpoint or run folder, " +
      "also an imported one, with a fresh optimizer and the classes of the data",
  },
  {
    key: "resume",
    type: "text",
    value: "DIR",
    help: "continue the run in that folder, exactly where it stopped; a larger --steps extends it",
  },
  {
    key: "allowChangedData",
    type: "boolean",
    help: "with --resume: continue even if the data are not those that the run trained on",
  },
];

/** Options of the display. */
const display: Option[] = [
  { key: "watch", type: "boolean", help: "show the run's page on this machine while it trains" },
  PORT,
  { key: "profile", type: "boolean", help: "print where a step's time goes, and exit" },
  { key: "quiet", type: "boolean", help: "print only errors" },
];

const withDefaults = (options: readonly Option[]) =>
  options.map((option) => ({ ...option, default: option.default ?? defaultOf(option.key) }));

/** Trains a network. */
export const trainCommand: Command = {
  usage: "rin train [options]",
  summary: "train a network on images",
  about:
    "Trains a network and writes checkpoints, grids of samples, metrics and a page of curves " +
    "into a run folder. Ctrl-C saves and prints the command that continues. Defaults shown are " +
    "those of the faces preset. Processes that mpirun starts train one network together " +
    "(docs/cluster.md).",
  groups: [
    { title: "Run", options: [...run, ...display] },
    { title: "Device", options: DEVICE_OPTIONS },
    { title: "Images and files", options: withDefaults(FIELDS.run) },
    { title: "Network", options: withDefaults(FIELDS.network) },
    { title: "Training", options: withDefaults(FIELDS.training) },
  ],
  examples: [
    "rin train",
    "rin train --data ~/pictures --image-size 64 --flip --steps 20000",
    "rin train --preset demo --out runs/demo",
    "rin train --init faces.safetensors --data ~/pictures --steps 5000 --lr 3e-4",
    "rin train --resume runs/demo --steps 5000",
    "mpirun -n 8 rin train --preset imagenet64 --accumulate 8 --data imagenet64.rindata",
  ],
  run: runTrain,
};

async function runTrain(given: Given): Promise<number> {
  expectNoRest(given);
  await detectNohup();
  const { flags } = given;
  const terminal = new Terminal(flags.quiet === true || rankOf() > 0);
  const port = portOf(flags, "watch");
  let folder: string | undefined;
  const peers = await joinPeers(() => folder === undefined ? undefined : resumption(folder));
  let stopping = false;
  let leaving: ReturnType<typeof leaveInTime> | undefined;
  const interruption = new Interruption(() => {
    if (peers && peers.size > 1 && !stopping) leaving = leaveInTime(terminal, folder);
    else terminal.note("Stopping after this step ... (Ctrl-C again leaves at once)");
  });
  let page: Served | undefined;
  const show = runReporter(terminal);
  const start = peers && peers.rank > 0
    ? joinedRun(flags, peers)
    : flags.resume === undefined
    ? await newRun(flags)
    : resumedRun(flags);
  const onEvent = (event: RunEvent) => {
    if (event.type === "opened") folder = event.folder;
    // All stop together now: saving takes the time it takes.
    if (event.type === "stopping") {
      stopping = true;
      clearTimeout(leaving);
    }
    if (event.type === "opened" && flags.watch === true && (peers?.rank ?? 0) === 0) {
      page = serveRun(event.folder, port);
      terminal.note(`Watch at ${page.url}`);
    }
    show(event);
    if (event.type === "device") {
      for (const advice of [driverAdvice(flags, event.device), start.advice]) {
        if (advice !== undefined) terminal.note(advice);
      }
    }
    // Decoding resumes where it stopped: until it is done, Ctrl-C need not wait for anything.
    if (event.type === "data" && flags.profile !== true) interruption.listen();
  };
  try {
    const context = {
      device: deviceRequest(flags),
      loggers: [new ReportFile(start.folder)],
      onEvent,
      signal: interruption.signal,
      ...peers && { peers },
    };
    if (flags.profile === true) {
      if (peers) throw alone();
      print(await prepareRun(await start.open(), context, profile));
      return 0;
    }
    const code = await trainIn(start, context, terminal);
    await peers?.leave();
    return code;
  } catch (thrown) {
    throw inFlags(thrown);
  } finally {
    interruption.close();
    page?.stop();
  }
}

/** Names the driver to install when a run uses the CPU although the machine has a GPU. */
function driverAdvice({ device = "auto" }: Given["flags"], taken: Device): string | undefined {
  return device === "auto" ? missingDriverAdvice(taken.backend === "webgpu") : undefined;
}

/** A run that flags ask for. */
interface FlaggedRun {
  readonly folder: string;
  /** Advice on its settings. */
  readonly advice?: string;
  /** Opens it without training. */
  readonly open: () => Promise<OpenedRun>;
  /** Trains it. */
  readonly train: (context: RunContext) => Promise<RunResult>;
}

const alone = () => new UsageError("--profile is for one process: leave mpirun out");

/** The flags of a run itself, not of its display or device. */
function runFlags(flags: Given["flags"]): Given["flags"] {
  const keys = new Set([...display, ...DEVICE_OPTIONS].map(({ key }) => key));
  return Object.fromEntries(Object.entries(flags).filter(([key]) => !keys.has(key)));
}

/** The command that continues the run of a folder. */
function resumption(folder: string): string {
  return `${programName()} train --resume ${quoted(folder)}`;
}

/** Milliseconds that processes have, from a signal on, to agree on the step that all stop after. */
const LEAVE_WITHIN = 8000;

/**
 * Waits for the step that all stop after, and leaves if it doesn't end in time: another process can be
 * gone already, or rank 0 can be writing a large checkpoint, which then stays unfinished beside the last
 * one.
 *
 * @returns the timer, to be cleared as soon as all agreed to stop
 */
function leaveInTime(
  terminal: Terminal,
  folder: string | undefined,
): ReturnType<typeof setTimeout> {
  const again = `continue from the last checkpoint with: ${resumption(folder!)}`;
  terminal.note(`Stopping after this step ... (if it ends before that, ${again})`);
  const timer = setTimeout(() => {
    const seconds = LEAVE_WITHIN / 1000;
    terminal.note(
      `Left: the step, or writing a checkpoint, took longer than ${seconds} s; ${again}`,
    );
    Deno.exit(INTERRUPTED);
  }, LEAVE_WITHIN);
  Deno.unrefTimer(timer);
  return timer;
}

/** A run that rank 0 opens: only flags of the device and the display count. */
function joinedRun({ profile }: Given["flags"], peers: Peers): FlaggedRun {
  if (profile === true) throw alone();
  return {
    folder: "",
    open: () => Promise.reject(alone()),
    train: (context) => joinTraining({ ...context, loggers: [], peers }),
  };
}

async function newRun(flags: Given["flags"]): Promise<FlaggedRun> {
  const { preset: asked, config, out, init: from, force: forced, allowChangedData, ...fields } =
    runFlags(flags);
  if (allowChangedData !== undefined) {
    throw new UsageError("--allow-changed-data is for --resume: a new run has no earlier data");
  }
  const init = from === undefined ? undefined : (await openCheckpoint(String(from))).bytes;
  const file = {
    ...init && networkToBegin(init) as Fields,
    ...config !== undefined && await readConfigFile(String(config)),
  };
  const { preset, settings } = resolveSettings(asked as string | undefined, file, fields);
  const folder = out === undefined ? await newRunPath(preset, new Date()) : String(out);
  const force = forced === true;
  return {
    folder,
    advice: adviceOn(settings.network),
    open: () => createRun(folder, preset, settings, { force, init }),
    train: (context) => train({ ...context, ...settings, out: folder, preset, force, init }),
  };
}

function resumedRun(flags: Given["flags"]): FlaggedRun {
  const { resume, ...fields } = runFlags(flags);
  const folder = String(resume).replace(/(?<=.)[/\\]+$/, "");
  const changes = resumeChanges(fields);
  return {
    folder,
    open: () => reopenRun(folder, changes),
    train: (context) => resumeTraining({ ...context, ...changes, folder }),
  };
}

async function trainIn(run: FlaggedRun, context: RunContext, terminal: Terminal): Promise<number> {
  let [again, steps] = [resumption(run.folder), 0];
  const onEvent = (event: RunEvent) => {
    if (event.type === "opened") again = resumption(event.folder);
    if (event.type === "started") steps = event.settings.training.steps;
    context.onEvent?.(event);
    // A launcher can end all processes so fast that none of them says so.
    if (event.type === "started" && context.peers) {
      terminal.note(`If a process or a machine is lost, continue with: ${again}`);
    }
  };
  const { ended, step } = await run.train({ ...context, onEvent }).catch((thrown) => {
    if (!(thrown instanceof DeviceLostError)) throw thrown;
    const { sentence } = explain(thrown);
    throw new DeviceLostError(`${sentence}; continue from the last checkpoint with: ${again}`);
  });
  if (ended === "stopped") {
    terminal.note(`Stopped after step ${step} of ${steps} and saved. Continue with:`);
    terminal.note(`  ${again}`);
    return INTERRUPTED;
  }
  terminal.note(
    `Done: samples, checkpoints and report.html, with the curves, are in ${run.folder}`,
  );
  terminal.note(`  ${programName()} sample --checkpoint ${quoted(run.folder)}`);
  return 0;
}
