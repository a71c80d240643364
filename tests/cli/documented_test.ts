// What README and docs give to be pasted works when it is pasted.

import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "../../cli/commands.ts";
import { readArguments } from "../../cli/options/options.ts";
import { FIELDS } from "../../cli/options/fields.ts";
import { resolveSettings } from "../../cli/options/resolve.ts";
import { resumeChanges } from "../../cli/training/resume_flags.ts";
import { withFolder } from "../data/scratch.ts";
import { rin, TINY, writePictures } from "./rin.ts";

const root = new URL("../../", import.meta.url);

/** A command line of a page, its words as a shell has them. */
interface Line {
  readonly page: string;
  readonly words: readonly string[];
}

/** The command lines of a page: in its blocks of sh, and those that are indented. */
async function linesOf(page: string): Promise<Line[]> {
  const text = (await Deno.readTextFile(new URL(page, root))).replaceAll(/\\\n\s*/g, "");
  let inBlock = false;
  const lines: Line[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) inBlock = line === "```sh";
    else if (inBlock || line.startsWith("    ")) {
      const words = [...line.replace(/\s#(?=\s).*$/, "").matchAll(/'([^']*)'|"([^"]*)"|\S+/g)]
        .map(([word, single, double]) => single ?? double ?? word);
      if (["rin", "./run", "deno", "cd", "curl"].includes(words[0])) lines.push({ page, words });
    }
  }
  return lines;
}

async function allLines(): Promise<Line[]> {
  const pages = ["README.md"];
  for await (const { name } of Deno.readDir(new URL("docs", root))) {
    if (name.endsWith(".md")) pages.push(`docs/${name}`);
  }
  return (await Promise.all(pages.sort().map(linesOf))).flat();
}

/** What rin is given, where a line calls it in any way. */
function rinArguments({ words }: Line): readonly string[] | undefined {
  if (words[0] === "rin" || words[0] === "./run") return words.slice(1);
  const main = words.indexOf("cli/main.ts");
  return words[0] === "deno" && main > 0 ? words.slice(main + 1) : undefined;
}

Deno.test("documented: every command line is one that rin, ./run and deno understand", async () => {
  const lines = await allLines();
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

/** What README's commands are shortened by: in this order, each wherever it stands. */
const SHORTER: readonly (readonly [string, string])[] = [
  [
    "--data ~/pictures --image-size 64 --flip --steps 20000",
    `${TINY.join(" ")} --data data --flip`,
  ],
  ["--init FILE --data ~/pictures", "--init runs/it --data data --steps 2 --out runs/tuned"],
  ["runs/NAME", "runs/it"],
  ["--steps 20 ", "--steps 2 "],
  ["--count 10000", "--count 3"],
  ["--count 64", "--count 4"],
  ["--frames 10", "--frames 2"],
  ["000017", "000002"],
];

/** README's commands that would train, fetch, serve or draw for minutes, however short. */
const LONG = /^(test|install|serve)\b|^train( --preset| --watch|$)/;

Deno.test("documented: README's commands run one after the other", async () => {
  await withFolder(async (cwd) => {
    await writePictures(`${cwd}/data`, 4);
    const lines = (await linesOf("README.md")).filter(({ words }) => words[0] === "./run")
      .map(({ words }) => words.slice(1).join(" "));
    const done: string[] = [];
    for (let line of lines.filter((line) => !LONG.test(line))) {
      for (const [long, short] of SHORTER) line = line.replace(long, short);
      if (line.startsWith("train --image-size")) line += " --steps 2 --out runs/it";
      const { code, stderr } = await rin(line.split(" "), { cwd });
      assertEquals(code, 0, `${line}: ${stderr}`);
      done.push(line.split(" ")[0]);
    }
    assertEquals(done, ["train", "train", "train", ...Array(4).fill("sample"), "page"]);
  });
});
