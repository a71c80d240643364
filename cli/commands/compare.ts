/**
 * `rin compare`.
 *
 * @module
 */
import { writeFile } from "../../src/files/write_file.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../errors.ts";
import type { Given, Option } from "../options/options.ts";
import { comparePage, differences, summary } from "../report/compare_page.ts";
import { RunView } from "../report/run_view.ts";
import { table } from "../terminal/table.ts";
import { print } from "../terminal/terminal.ts";

const options: Option[] = [
  { key: "out", type: "text", value: "FILE", help: "write a page with the runs' curves together" },
];

/** Sets runs side by side. */
export const compare: Command = {
  usage: "rin compare RUN RUN [RUN ...] [options]",
  summary: "set runs side by side: results, and settings that differ",
  about:
    "Shows the losses, steps and speed of several runs and the settings in which they differ; with " +
    "--out also as a page with their curves together and their last samples.",
  groups: [{ title: "Options", options }],
  examples: ["rin compare runs/a runs/b", "rin compare runs/* --out compare.html"],
  run: runCompare,
};

async function runCompare({ flags, rest }: Given): Promise<number> {
  if (rest.length < 2) {
    throw new UsageError("Which runs? Give two folders or more: rin compare RUN RUN");
  }
  const runs: RunView[] = [];
  for (const folder of rest) runs.push(await RunView.open(folder));
  const results = summary(runs), settings = differences(runs);
  print(table(results.head, results.rows));
  print("");
  print(
    settings.rows.length > 0 ? table(settings.head, settings.rows) : "All settings are the same.",
  );
  if (flags.out !== undefined) {
    const path = String(flags.out);
    await writeFile(path, await comparePage(runs));
    print(`\n${path}`);
  }
  return 0;
}
