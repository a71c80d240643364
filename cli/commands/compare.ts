/**
 * `rin compare`.
 *
 * @module
 */
import { writeFile } from "../../src/files/write_file.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../errors.ts";
import { FORCE_OPTION, refuseOverwrite } from "../files/overwrite.ts";
import type { Given, Option } from "../options/options.ts";
import { compareGenerator, comparePage, differences, summary } from "../report/compare_page.ts";
import { generatorTag } from "../report/page.ts";
import { RunView } from "../report/run_view.ts";
import { table } from "../terminal/table.ts";
import { print } from "../terminal/terminal.ts";

const options: Option[] = [
  { key: "out", type: "text", value: "FILE", help: "write a page with the runs' curves together" },
  FORCE_OPTION,
];

/** Compares runs side by side. */
export const compare: Command = {
  usage: "rin compare RUN RUN [RUN ...] [options]",
  summary: "compare runs side by side: results, and settings that differ",
  about:
    "Shows the losses, steps and speed of several runs, and the settings in which they differ. " +
    "With --out it writes a page with their curves and last samples side by side.",
  groups: [{ title: "Options", options }],
  examples: ["rin compare runs/a runs/b", "rin compare runs/* --out compare.html"],
  run: runCompare,
};

async function runCompare({ flags, rest }: Given): Promise<number> {
  if (rest.length < 2) {
    throw new UsageError("Which runs? Give two folders or more: rin compare RUN RUN");
  }
  const path = flags.out === undefined ? undefined : String(flags.out);
  const runs: RunView[] = [];
  for (const folder of rest) runs.push(await RunView.open(folder));
  if (path !== undefined) {
    await refuseOverwrite(path, flags.force, async () => {
      const text = await Deno.readTextFile(path);
      if (text.includes(generatorTag(compareGenerator(runs)))) return "same";
      return text.includes(generatorTag("rin").slice(0, -2)) ? "other" : "foreign";
    });
  }
  const results = summary(runs), settings = differences(runs);
  print(table(results.head, results.rows));
  print("");
  print(
    settings.rows.length > 0 ? table(settings.head, settings.rows) : "All settings are the same.",
  );
  if (path !== undefined) {
    await writeFile(path, await comparePage(runs));
    print(`\n${path}`);
  }
  return 0;
}
