/**
 * Who is told what happens in a run.
 *
 * @module
 */
import { LossPicture } from "./loss_picture.ts";
import { MetricsFile } from "./metrics_file.ts";
import type { RunRecorder } from "./recorder.ts";
import { SampleFiles } from "./sample_files.ts";
import { EventFiles } from "./tensorboard/event_files.ts";

/**
 * The recorders of a run, in the order in which they are told.
 *
 * @param folder the run's
 */
export function recordersOf(folder: string): RunRecorder[] {
  return [
    new MetricsFile(folder),
    new LossPicture(folder),
    new SampleFiles(folder),
    new EventFiles(folder),
  ];
}
