// Git ignores the files that the first pages' commands write into the project's folder.

import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { withFolder } from "../data/scratch.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const hasGit = await new Deno.Command("git", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: ".gitignore covers the outputs of the first pages' commands",
  ignore: !hasGit,
  fn: () =>
    withFolder(async (folder) => {
      const pages = ["README.md", "docs/start.md", "docs/sampling.md"];
      const text = (await Promise.all(pages.map((page) => Deno.readTextFile(root + page)))).join();
      const named = [...text.matchAll(/ (?:--out|-o) ([\w./-]+)/g)].map(([, path]) => path);
      const usual = ["runs/faces-1/x", "samples.png", "samples.apng", "site/index.html"];
      const all = [...named, ...usual, "images-64px.rindata", "images-64px.rindata.part.log"];
      const outputs = all.map((path) => path.replace(/\/$/, "/000000.png"))
        .map((path) => path === "site" ? "site/page.js" : path);
      await Deno.copyFile(`${root}.gitignore`, `${folder}/.gitignore`);
      const git = (...args: string[]) =>
        new Deno.Command("git", { args, cwd: folder, stdout: "piped" }).output();
      await git("init", "--quiet");
      const { stdout } = await git("check-ignore", ...outputs);
      const ignored = new TextDecoder().decode(stdout).trimEnd().split("\n");
      assertEquals(outputs.filter((path) => !ignored.includes(path)), []);
    }),
});
