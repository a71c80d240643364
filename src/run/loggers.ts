/**
 * The loggers that every run has.
 *
 * @module
 */
import type { Logger } from "./logger.ts";
import { MetricsFile } from "./metrics_file.ts";
import { SampleFiles } from "./sample_files.ts";
import { SessionsFile } from "./sessions.ts";
import { EventFiles } from "./tensorboard/event_files.ts";

/**
 * The loggers of a run's folder, in the order of their calls. `metrics.jsonl` comes first: it must
 * hold everything that the others show.
 */
export function folderLoggers(folder: string): Logger[] {
  return [
    new MetricsFile(folder),
    new SampleFiles(folder),
    new EventFiles(folder),
    new SessionsFile(folder),
  ];
}
