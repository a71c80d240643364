/**
 * Shows how a run goes: notes, warnings, and the progress bar.
 *
 * @module
 */
import { NOT_FINITE } from "../../src/run/errors.ts";
import type { Activity, LatestMetrics, RunEvent } from "../../src/run/events.ts";
import type { Settings } from "../../src/run/settings.ts";
import { RunEstimate } from "./run_estimate.ts";
import { perSecond } from "./units.ts";
import { dataReporter } from "./data_reporter.ts";
import type { Terminal } from "./terminal.ts";

/** Returns a function that shows the events of a run. */
export function runReporter(terminal: Terminal): (event: RunEvent) => void {
  const showData = dataReporter(terminal);
  const estimate = new RunEstimate();
  let clips = false;
  return (event) => {
    const left = estimate.observe(event);
    switch (event.type) {
      case "opened":
      case "stopping":
        return;
      case "device":
        return terminal.note(`Device: ${event.device.description}`);
      case "note":
      case "decoding":
      case "data":
        return showData(event);
      case "started":
        clips = event.settings.network.frames > 1;
        return terminal.note(startLine(event));
      case "begun":
        return terminal.note(begunLine(event));
      case "progress":
        return terminal.progress(event.step, event.steps, barFields(event, clips), left);
      case "validated":
        return terminal.note(
          `Step ${event.step}: validation loss ${event.validLoss.toFixed(4)}`,
        );
      case "sampled":
        return terminal.note(`Step ${event.step}: ${event.count} samples in ${event.path}`);
      case "samplingFailed":
        return terminal.warn(`Step ${event.step}: no samples. ${event.error.message}`);
      case "skipped":
        return terminal.note(
          `Step ${event.step} was skipped: ${NOT_FINITE} (skipped so far: ${event.skipped})`,
        );
      case "saveFailed":
        return terminal.warn(
          `${event.error.message}; training continues, and the next checkpoint tries again`,
        );
      case "deviceLost":
        terminal.finish();
        return terminal.warn(
          `${event.error.message}; asking for it again, to continue after step ${event.step}`,
        );
      case "ended":
        return terminal.finish();
    }
  };
}

function startLine(
  { folder, settings: { training: { steps } }, step, resumed }: {
    folder: string;
    settings: Settings;
    step: number;
    resumed: boolean;
  },
): string {
  return step >= steps
    ? `All ${steps} steps of ${folder} are done: give more --steps to continue`
    : resumed
    ? `Continuing after step ${step} of ${steps} in ${folder}`
    : `Training for ${steps} steps into ${folder}`;
}

function begunLine(
  { anew, leftOut }: { readonly anew: readonly string[]; readonly leftOut: readonly string[] },
): string {
  const others = [
    ...anew.length > 0 ? [`${anew.join(", ")} starts fresh`] : [],
    ...leftOut.length > 0 ? [`${leftOut.join(", ")} is left out`] : [],
  ];
  return "Starting from the weights of the checkpoint" +
    (others.length > 0 ? `; ${others.join(", ")}, because the classes differ` : "");
}

function barFields(
  { latest, activity }: { latest?: LatestMetrics; activity?: Activity },
  clips: boolean,
): Record<string, string> {
  if (activity) return { [activity.name]: `${activity.done}/${activity.total}` };
  if (!latest) return {};
  const { lossAverage, loss, imagesPerSecond, skipped } = latest;
  return {
    ...(lossAverage === null ? {} : { loss: lossAverage.toFixed(4) }),
    last: loss.toFixed(4),
    [clips ? "clips/s" : "img/s"]: perSecond(imagesPerSecond),
    ...(skipped > 0 ? { skipped: `${skipped}` } : {}),
  };
}
