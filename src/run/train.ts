/**
 * The work of `rin train`, as functions.
 *
 * @module
 */
import type { RinConfig } from "../model/config.ts";
import type { TrainOptions } from "../train/options.ts";
import { ALONE, type Peers } from "../train/peers.ts";
import { checkCall, JOINED_RUN, NEW_RUN, RESUMED_RUN } from "./call_options.ts";
import { type Ended, keepTraining } from "./keep_training.ts";
import { folderLoggers } from "./loggers.ts";
import { createRun, type OpenedRun, reopenRun, type ResumeChanges } from "./open_run.ts";
import type { RunOptions } from "./options.ts";
import { prepareRun, type RunContext, setsOf } from "./prepare_run.ts";
import { follow } from "./together.ts";

/** Options of {@linkcode train}. */
export interface NewRunOptions extends RunContext {
  /** The run's folder. It is created if missing, and must not hold a run. */
  readonly out: string;
  /** Whether to overwrite other files in that folder that have a run's names. */
  readonly force?: boolean;
  /** The name of the settings that the fields below change; "faces" by default. See `PRESETS`. */
  readonly preset?: string;
  /**
   * Bytes of a checkpoint to begin from, instead of a fresh network: its weights (of the moving
   * average where there is one) and its network's config, which wins over the preset's. The
   * optimizer state is new. Classes follow from the data; tensors of classes are new where their
   * number changed.
   */
  readonly init?: Uint8Array;
  /** The network; fields that differ from the preset, or from `init`. */
  readonly network?: Partial<RinConfig>;
  /** The training; fields that differ from the preset. */
  readonly training?: Partial<TrainOptions>;
  /** Data and outputs; fields that differ from the preset. */
  readonly run?: Partial<RunOptions>;
}

/** Options of {@linkcode resumeTraining}. */
export interface ResumeOptions extends RunContext, ResumeChanges {
  /** The run's folder. */
  readonly folder: string;
}

/** How a run ended. */
export interface RunResult extends Ended {
  /** The run's folder. */
  readonly folder: string;
}

/**
 * Trains a network, and leaves checkpoints, grids of samples, metrics, and TensorBoard events in a
 * folder, as `rin train` does. (`rin report` makes the page of the folder.)
 *
 * @returns whether it reached the last step or was stopped, and the last step done
 * @throws {ConfigError} when an option is unknown, a setting makes no sense, or the network is not
 * that of `init`
 * @throws {CheckpointError} when `init` is no checkpoint
 * @throws {RunExistsError} when the folder holds a run already
 * @throws {ForeignFilesError} when the folder holds files of something else, and not `force`
 * @throws {RunLockedError} when another process trains into the folder
 * @throws {RunError} when data and network don't fit together
 * @throws {DataError} when the data can't be used
 * @throws {NotFiniteError} when steps were not finite, and `run.onNan` or their number asks to stop
 * @throws {FileError} when a file can't be written, and `run.onSaveError` asks to stop or it is the
 * last checkpoint
 * @throws {NoGpuError} when the requested device is not available
 * @throws {DeviceLimitError} when the device can't hold network and batch
 * @throws {DeviceLostError} when the device is lost and none comes back
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { requestGpu } from "@rin/rin/sampler";
 * import { train } from "@rin/rin/run";
 *
 * const pixels = new Uint8Array(8 * 3 * 16 * 16).map((_, i) => i); // 8 images (3, 16, 16)
 * const data = {
 *   name: "noise",
 *   imageSize: 16,
 *   count: 8,
 *   read: (indices: ArrayLike<number>) =>
 *     new Blob(Array.from(indices, (i) => pixels.slice(i * 768, (i + 1) * 768))).bytes(),
 * };
 * const out = await Deno.makeTempDir();
 * const { ended, step } = await train({
 *   device: requestGpu,
 *   data,
 *   out,
 *   network: { imageSize: 16, patchSize: 4, latentDim: 32, numHeads: 2 },
 *   training: { batchSize: 4, steps: 3 },
 *   run: { sampleCount: 1, sampleSteps: 2 },
 * });
 * assertEquals([ended, step], ["finished", 3]);
 * await Deno.remove(out, { recursive: true });
 * ```
 */
export async function train(options: NewRunOptions): Promise<RunResult> {
  checkCall(NEW_RUN, options, ["device", "out"]);
  const { out, preset = "faces", force, init } = options;
  const dataName = setsOf(options.data)?.train.name;
  return await runIn(await createRun(out, preset, options, { dataName, force, init }), options);
}

/**
 * Resumes a run exactly where it stopped, with the same bits as if it had never stopped.
 * `training.steps` can be raised; options that would make it another run can't change.
 *
 * @returns whether it reached the last step or was stopped, and the last step done
 * @throws {RunError} when the folder holds no run, the run is beyond `training.steps`, or its data
 * have changed and `allowChangedData` is not given
 * @throws {ConfigError} when an option is unknown, a setting makes no sense, or would make it another
 * run
 * @throws {CheckpointError} when its checkpoint can't be used
 * @throws {Error} for the other reasons of {@linkcode train}
 */
export async function resumeTraining(options: ResumeOptions): Promise<RunResult> {
  checkCall(RESUMED_RUN, options, ["device", "folder"]);
  return await runIn(await reopenRun(options.folder, options), options);
}

/**
 * Trains a run with the process of rank 0, which calls {@linkcode train} or
 * {@linkcode resumeTraining} with its own `peers`. The run's folder, checkpoints, and loggers are rank
 * 0's alone.
 *
 * @param context with `peers`; `loggers` do nothing
 * @returns whether the run reached the last step or was stopped, and the last step done
 * @throws {RunError} when this process has other data than rank 0, or another kind of device
 * @throws {Error} for the other reasons of {@linkcode train}
 */
export async function joinTraining(
  context: RunContext & { readonly peers: Peers },
): Promise<RunResult> {
  checkCall(JOINED_RUN, context, ["device", "peers"]);
  return await runIn(await follow(context.peers), context);
}

async function runIn(opened: OpenedRun, context: RunContext): Promise<RunResult> {
  const { folder } = opened;
  const { loggers = [], onEvent: emit = () => {}, signal = new AbortController().signal } = context;
  const { peers = ALONE } = context;
  const all = peers.rank > 0 ? [] : [...folderLoggers(folder.path), ...loggers];
  const ended = await prepareRun(opened, context, async (ready) => {
    return await keepTraining({ ...ready, loggers: all, emit, signal, peers });
  });
  return { ...ended, folder: folder.path };
}
