/**
 * `rin report`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { UsageError } from "../errors.ts";
import type { Given, Option } from "../options/options.ts";
import { PORT, portOf } from "../options/port.ts";
import { ReportFile } from "../report/report_file.ts";
import { RunView } from "../report/run_view.ts";
import { serveRun } from "../report/server.ts";
import { interruptible, untilAborted } from "../terminal/interrupt.ts";
import { print, printError } from "../terminal/terminal.ts";

const options: Option[] = [
  { key: "serve", type: "boolean", help: "show the page on this machine, live while it trains" },
  PORT,
];

/** Shows how a run goes, or went. */
export const report: Command = {
  usage: "rin report RUN [options]",
  summary: "make the page of a run: its curves, samples and settings",
  about: "Writes report.html into a run's folder: loss, learning rate and other curves, samples " +
    "over time, device, and settings, in one file that needs no network. rin train writes it, " +
    "too.",
  groups: [{ title: "Options", options }],
  examples: ["rin report runs/faces", "rin report runs/faces --serve"],
  run: runReport,
};

async function runReport({ flags, rest }: Given): Promise<number> {
  if (rest.length !== 1) {
    throw new UsageError(
      rest.length === 0
        ? "Which run? Give its folder: rin report RUN"
        : `One run at a time, please: got ${rest.length}; rin compare shows several`,
    );
  }
  const port = portOf(flags, "serve");
  if (flags.serve !== true) {
    print(await new ReportFile(rest[0]).write());
    return 0;
  }
  const { folder } = await RunView.open(rest[0]);
  const served = serveRun(folder, port);
  print(served.url);
  printError("Ctrl-C ends it");
  await interruptible(untilAborted, () => {});
  served.stop();
  return 0;
}
