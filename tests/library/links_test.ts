// Links between pages lead to files and headings that exist.

import { assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url);

const FOLDERS = ["", "docs/", "models/"];

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
      const named = !heading || exists && anchors(await Deno.readTextFile(url)).includes(heading);
      if (!exists || !named) broken.push(`${page}: ${link}`);
    }
  }
  assertEquals(broken, []);
});
