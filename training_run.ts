/**
 * A whole training run, as `rin train` makes it: data, steps, validation, samples, checkpoints,
 * metrics, resuming. It reads and writes files, so it needs Deno. To take steps on batches of your own,
 * without any files, use `Trainer` of the `./train` entry.
 *
 * @example Train on a folder of pictures, and stop after an hour
 * ```ts ignore
 * import { requestGpu } from "@rin/rin/sampler";
 * import { train } from "@rin/rin/run";
 *
 * const { ended, step } = await train({
 *   device: requestGpu,
 *   out: "runs/pets",
 *   network: { imageSize: 64 },
 *   training: { steps: 20_000 },
 *   run: { data: "/home/me/pets", flip: true },
 *   signal: AbortSignal.timeout(3_600_000),
 * });
 * console.log(ended, step); // "stopped", and the step that resumeTraining continues from
 * ```
 *
 * @example Train on images in memory, stop, and go on
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { requestGpu, Rin } from "@rin/rin/sampler";
 * import { type ImageSet, resumeTraining, train } from "@rin/rin/run";
 *
 * const pixels = Uint8Array.from({ length: 8 * 3 * 16 * 16 }, (_, i) => i); // (8, 3, 16, 16)
 * const data: ImageSet = {
 *   name: "stripes",
 *   imageSize: 16,
 *   count: 8,
 *   read: (indices) =>
 *     new Blob(Array.from(indices, (i) => pixels.slice(i * 768, (i + 1) * 768))).bytes(),
 * };
 * const out = await Deno.makeTempDir();
 * const device = requestGpu;
 *
 * const stop = new AbortController();
 * const losses: number[] = [];
 * const stopped = await train({
 *   ...{ device, data, out },
 *   network: { imageSize: 16, patchSize: 4, latentDim: 32, numHeads: 2 },
 *   training: { batchSize: 4, steps: 3 },
 *   run: { sampleCount: 1, sampleSteps: 2, logEvery: 1 },
 *   signal: stop.signal,
 *   onEvent: (event) => {
 *     if (event.type !== "progress" || !event.latest) return;
 *     losses.push(event.latest.loss);
 *     stop.abort();
 *   },
 * });
 * assertEquals(stopped, { ended: "stopped", step: 1, folder: out });
 * assert(losses[0] > 0);
 *
 * const { ended, step } = await resumeTraining({ device, data, folder: out });
 * assertEquals([ended, step], ["finished", 3]);
 *
 * const gpu = await requestGpu();
 * const rin = await Rin.load(gpu, await Deno.readFile(`${out}/last.safetensors`));
 * const images = await rin.sample({ count: 1, steps: 2 });
 * assertEquals(images.length, 3 * 16 * 16);
 * gpu.destroy();
 * await Deno.remove(out, { recursive: true });
 * ```
 *
 * @module
 */
export type { ImageSet, Skipped, Splits } from "./src/data/image_set.ts";
export type { DataIdentity } from "./src/data/data_identity.ts";
export type { LeftOut } from "./src/data/left_out.ts";
export { DataError } from "./src/data/errors.ts";
export { FileError } from "./src/files/errors.ts";
export type { DeviceRequest } from "./src/run/devices.ts";
export {
  ForeignFilesError,
  NotFiniteError,
  type OptionNamer,
  RepeatedLossError,
  RunError,
  RunExistsError,
  RunLockedError,
} from "./src/run/errors.ts";
export type { Activity, DataEvent, LatestMetrics, RunEvent } from "./src/run/events.ts";
export type { Ended } from "./src/run/keep_training.ts";
export type { Logger, MetricsLine, RunStart } from "./src/run/logger.ts";
export type { FixedRunOption, FixedTrainingOption, ResumeChanges } from "./src/run/open_run.ts";
export type { RunOptions } from "./src/run/options.ts";
export type { RunContext } from "./src/run/prepare_run.ts";
export { type Preset, PRESETS } from "./src/run/presets.ts";
export type { Settings } from "./src/run/settings.ts";
export { type Peers } from "./src/train/peers.ts";
export {
  joinTraining,
  type NewRunOptions,
  type ResumeOptions,
  resumeTraining,
  type RunResult,
  train,
} from "./src/run/train.ts";
