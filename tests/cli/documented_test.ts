// What README and docs give to be pasted is understood; documented_runs_test.ts runs it.

import { assert } from "@std/assert";
import { COMMANDS } from "../../cli/commands.ts";
import { readArguments } from "../../cli/options/options.ts";
import { FIELDS } from "../../cli/options/fields.ts";
import { resolveSettings } from "../../cli/options/resolve.ts";
import { resumeChanges } from "../../cli/training/resume_flags.ts";
import { documented, type Line } from "./documented.ts";

const root = new URL("../../", import.meta.url);

/** What rin is given, where a line calls it in any way. */
function rinArguments({ words }: Line): readonly string[] | undefined {
  if (words[0] === "rin" || words[0] === "./run") return words.slice(1);
  const main = words.indexOf("cli/main.ts");
  return words[0] === "deno" && main > 0 ? words.slice(main + 1) : undefined;
}

Deno.test("documented command lines parse as commands of rin, ./run, and deno", async () => {
  const lines = (await documented()).flat();
  assert(lines.length > 40, `${lines.length} lines were found`);
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  for (const line of lines) {
    const args = rinArguments(line);
    const shown = `${line.page}: ${line.words.join(" ")}`;
    if (args) {
      const [name, ...rest] = args;
      if (!Object.hasOwn(COMMANDS, name)) {
        assert(line.words[0] === "./run" && (name in tasks || name === "install"), shown);
        continue;
      }
      try {
        const { flags } = readArguments(
          rest,
          COMMANDS[name].groups.flatMap(({ options }) => options),
        );
        if (name !== "train") continue;
        const fields = new Set<string>(Object.values(FIELDS).flat().map(({ key }) => key));
        const given = Object.fromEntries(Object.entries(flags).filter(([key]) => fields.has(key)));
        if (flags.resume === undefined) resolveSettings(flags.preset as string, {}, given);
        else resumeChanges(given);
      } catch (thrown) {
        throw new Error(`${shown}: ${(thrown as Error).message}`);
      }
    } else if (line.words[0] === "deno") {
      const script = line.words.find((word) => word.endsWith(".ts"));
      if (script) assert((await Deno.stat(new URL(script, root))).isFile, shown);
      else assert(line.words[1] !== "task" || line.words[2] in tasks, shown);
    }
  }
});
