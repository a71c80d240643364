/**
 * Who is told what happens in a run.
 *
 * @module
 */
import { MetricsFile } from "./metrics_file.ts";
import type { RunRecorder } from "./logger.ts";
import { ReportFile } from "./report/report_file.ts";
import { SessionsFile } from "./sessions.ts";
import { SampleFiles } from "./sample_files.ts";
import { EventFiles } from "./tensorboard/event_files.ts";

/**
 * The recorders of a run, in the order in which they are told.
 *
 * @param folder the run's
 * @param device what it is computed on
 */
export function recordersOf(folder: string, device: string): RunRecorder[] {
  return [
    new MetricsFile(folder),
    new SampleFiles(folder),
    new EventFiles(folder),
    new SessionsFile(folder, device),
    new ReportFile(folder),
  ];
}
