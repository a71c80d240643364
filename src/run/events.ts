/**
 * Events of a run, for displays.
 *
 * @module
 */
import type { Splits } from "../data/dataset.ts";
import type { FileError } from "../files/errors.ts";
import type { Device } from "../device/device.ts";
import type { SamplingError } from "../diffusion/errors.ts";
import type { Settings } from "./settings.ts";

/** Decoding or reading of data, before the first step. */
export type DataEvent =
  | {
    /** Something is about to take long. */
    readonly type: "note";
    readonly sentence: string;
  }
  | {
    /** Files are decoded: `done` of `total`. */
    readonly type: "decoding";
    readonly source: string;
    readonly clips: boolean;
    readonly done: number;
    readonly total: number;
  }
  | {
    /** The data are loaded. `frames` are those of each clip, 1 for images. */
    readonly type: "data";
    readonly source: string;
    readonly frames: number;
    readonly splits: Splits;
  };

/** The last metrics that a run has read from its device. */
export interface LatestMetrics {
  /** Average of the last steps' losses; null before the first finite one. */
  readonly lossAverage: number | null;
  /** Loss of the last step. */
  readonly loss: number;
  /** Images, or clips, a second. */
  readonly imagesPerSecond: number;
  /** Steps so far that changed nothing, because their loss or gradient was not finite. */
  readonly skipped: number;
}

/** A run's activity between steps. */
export interface Activity {
  /** Kind of activity. */
  readonly name: "validating" | "sampling";
  /** Parts done: images, or sampler steps. */
  readonly done: number;
  /** Parts in all. */
  readonly total: number;
}

/** Something that happened in a run. */
export type RunEvent =
  | DataEvent
  | {
    /** The folder exists and belongs to this process. Comes first. */
    readonly type: "opened";
    readonly folder: string;
  }
  | {
    /** The first device is ready. */
    readonly type: "device";
    readonly device: Device;
  }
  | {
    /** A new run begins with the weights of a checkpoint; only tensors of classes can be named. */
    readonly type: "begun";
    /** Tensors that start fresh. */
    readonly anew: readonly string[];
    /** Tensors of the checkpoint that the network has no place for. */
    readonly leftOut: readonly string[];
  }
  | {
    /** Training begins after `step`: 0 in a new run. Comes again after a lost device. */
    readonly type: "started";
    readonly folder: string;
    readonly settings: Settings;
    readonly step: number;
    /** Whether it resumes from a checkpoint. */
    readonly resumed: boolean;
  }
  | {
    /** `step` of `steps` are done. Comes often: at every few steps, and during an activity. */
    readonly type: "progress";
    readonly step: number;
    readonly steps: number;
    /** Absent before the first metrics. */
    readonly latest?: LatestMetrics;
    /** Absent while it trains. */
    readonly activity?: Activity;
  }
  | {
    /** A validation is done. */
    readonly type: "validated";
    readonly step: number;
    readonly validLoss: number;
  }
  | {
    /** A grid of `count` samples was written to `path`. */
    readonly type: "sampled";
    readonly step: number;
    readonly count: number;
    readonly path: string;
  }
  | {
    /** A grid of samples has numbers that are not finite. Training continues without it. */
    readonly type: "samplingFailed";
    readonly step: number;
    readonly error: SamplingError;
  }
  | {
    /** Steps up to `step` were not finite and changed nothing; `skipped` counts all of them. */
    readonly type: "skipped";
    readonly step: number;
    readonly skipped: number;
  }
  | {
    /**
     * A file of the run could not be written. Training continues; the next checkpoint tries again.
     */
    readonly type: "saveFailed";
    readonly error: FileError;
  }
  | {
    /** The device was lost. The run asks for another, to continue after `step`. */
    readonly type: "deviceLost";
    readonly step: number;
    readonly error: Error;
  }
  | {
    /**
     * No other step comes: `step` was the last one, or all processes agreed to stop after it. The run
     * saves and ends.
     */
    readonly type: "stopping";
    readonly step: number;
  }
  | {
    /** Training has ended, at the last step or because it was stopped. */
    readonly type: "ended";
    readonly step: number;
  };
