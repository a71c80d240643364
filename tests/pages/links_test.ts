// Links between pages lead to files and headings that exist.

import { assertEquals, assertThrows } from "@std/assert";
import { withLines } from "./lines.ts";

const root = new URL("../../", import.meta.url);

const FOLDERS = ["", "docs/", "docs/tutorial/", "models/"];

/** The paths of the pages, from the project's folder. */
async function pages(): Promise<string[]> {
  const found: string[] = [];
  for (const folder of FOLDERS) {
    for await (const { name } of Deno.readDir(new URL(folder, root))) {
      if (name.endsWith(".md")) found.push(folder + name);
    }
  }
  return found.sort();
}

/** The anchors of a page's headings, as GitHub names them. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N}\- ]/gu, "").replaceAll(" ", "-")
  );
}

Deno.test("Markdown links lead to files and headings that exist", async () => {
  const broken: string[] = [];
  for (const page of await pages()) {
    const text = (await Deno.readTextFile(new URL(page, root))).replace(/^```[^]*?^```/gm, "");
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const url = new URL(link, new URL(page, root));
      const heading = url.hash.slice(1);
      url.hash = "";
      const exists = await Deno.stat(url).then(() => true, () => false);
      const named = !heading || /^L\d+$/.test(heading) ||
        exists && anchors(await Deno.readTextFile(url)).includes(heading);
      if (!exists || !named) broken.push(`${page}: ${link}`);
    }
  }
  assertEquals(broken, []);
});

Deno.test("links to lines have the numbers that deno task lines sets", async () => {
  const url = new URL("docs/tutorial/training_step.md", root);
  const page = await Deno.readTextFile(url);
  const read = (path: string) => Deno.readTextFileSync(new URL(path, url));
  assertEquals(page, withLines(page, read), "run deno task lines");
});

Deno.test("withLines() finds the line with the code, or names what is gone or ambiguous", () => {
  const page = (line: number) => `See [\`b(\`](a.ts#L${line}) and [\`text\`](a.ts).`;
  assertEquals(withLines(page(7), () => "a\nb()\nc()"), page(2));
  assertThrows(() => withLines(page(1), () => "c"), Error, "a.ts has no line with b(");
  assertThrows(() => withLines(page(1), () => "b()\nb()"), Error, "a.ts has several lines with b(");
});
