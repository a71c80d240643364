// The command lines that README and docs give to be pasted.

const root = new URL("../../", import.meta.url);

/** A command line of a page. */
export interface Line {
  readonly page: string;
  /** As it stands there, continued lines in one, without its comment. */
  readonly text: string;
  /** Its words as a shell has them, up to where its output goes. */
  readonly words: readonly string[];
}

const COMMAND = /^([A-Z_]+=\S+ )?(nohup )?(rin|\.\/run|deno|cd|curl|python3|apt-get)( |$)/;

/** The command lines of a page: in its blocks of sh, and those that are indented. */
async function linesOf(page: string): Promise<Line[]> {
  const text = (await Deno.readTextFile(new URL(page, root))).replaceAll(/\\\n\s*/g, "");
  let block: string | undefined;
  const lines: Line[] = [];
  for (const line of text.split("\n")) {
    const fence = line.trim(); // a block in a list is indented
    if (fence.startsWith("```")) block = block === undefined ? fence : undefined;
    else if (block === "```sh" || block === undefined && line.startsWith("    ")) {
      const command = line.replace(/\s#(?=\s).*$/, "").trim();
      if (COMMAND.test(command)) lines.push({ page, text: command, words: wordsOf(command) });
    }
  }
  return lines;
}

function wordsOf(command: string): string[] {
  const own = command.replace(/^([A-Z_]+=\S+ )?(nohup )?/, "").replace(/ > .*$/, "");
  return [...own.matchAll(/'([^']*)'|"([^"]*)"|\S+/g)]
    .map(([word, single, double]) => single ?? double ?? word);
}

/** The pages that have command lines, each with its lines in their order. */
export async function documented(): Promise<Line[][]> {
  const pages = ["README.md", "CONTRIBUTING.md", "models/README.md"];
  for await (const { name } of Deno.readDir(new URL("docs", root))) {
    if (name.endsWith(".md")) pages.push(`docs/${name}`);
  }
  const all = await Promise.all(pages.sort().map(linesOf));
  return all.filter((lines) => lines.length > 0);
}
