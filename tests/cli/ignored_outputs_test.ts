// What the README's commands write into the project's folder is no part of the project.

import { assertEquals } from "@std/assert";
import { withFolder } from "../data/scratch.ts";

const root = decodeURIComponent(new URL("../..", import.meta.url).pathname);
const hasGit = await new Deno.Command("git", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: "outputs of the README's commands are ignored by git",
  ignore: !hasGit,
  fn: () =>
    withFolder(async (folder) => {
      const readme = await Deno.readTextFile(`${root}README.md`);
      const named = [...readme.matchAll(/ (?:--out|-o) ([\w./-]+)/g)].map(([, path]) => path);
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
