// The tutorial's steps, applied to a copy of the project, give an operation that passes its tests.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { withFolder } from "../data/scratch.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A block of the page, and the path that the text before it named last. */
interface Step {
  readonly path: string;
  readonly language: string;
  readonly text: string;
}

function stepsOf(page: string): Step[] {
  let path = "";
  return [...page.matchAll(/(?:In|Create)\s`([\w./]+)`|^```(\w+)\n([^]*?)^```$/gm)]
    .flatMap(([, named, language, text]) => {
      if (named) path = named;
      return named ? [] : [{ path, language, text }];
    });
}

/** Replaces the lines of a diff without + by those without -. */
function patched(source: string, diff: string, path: string): string {
  const lines = diff.split("\n").slice(0, -1);
  const kept = (sign: string) =>
    lines.filter((line) => !line.startsWith(sign)).map((line) => `${line.slice(1)}\n`).join("");
  const [before, after] = [kept("+"), kept("-")];
  assertEquals(source.split(before).length, 2, `${path} has these lines once:\n${before}`);
  return source.replace(before, () => after);
}

Deno.test("docs/tutorial/operation.md adds an operation that passes its tests", async () => {
  await withFolder(async (folder) => {
    const parts = ["deno.json", "deno.lock", "links", "kernels", "src", "tests"];
    await new Deno.Command("cp", { args: ["-R", ...parts.map((part) => root + part), folder] })
      .output();
    const page = await Deno.readTextFile(`${root}docs/tutorial/operation.md`);
    let commands = 0;
    for (const { path, language, text } of stepsOf(page)) {
      const file = `${folder}/${path}`;
      if (language === "ts") await Deno.writeTextFile(file, text);
      else if (language === "diff") {
        await Deno.writeTextFile(file, patched(await Deno.readTextFile(file), text, path));
      } else {
        for (const line of text.trim().split("\n")) {
          const { code, stdout, stderr } = await run(line, folder);
          assertEquals(code, 0, `${line}\n${stdout}${stderr}`);
          if (line.includes(" test ")) assertStringIncludes(stdout, " 0 failed");
          commands++;
        }
      }
    }
    assert(commands === 3, `${commands} commands were run`);
  });
});

/** Runs a command line of the page. Types are left to `deno task check` of whoever follows it. */
async function run(line: string, cwd: string) {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", line.replace("deno test ", "deno test --no-check ").replace(/^deno/, '"$DENO"')],
    cwd,
    env: { DENO: Deno.execPath(), NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
