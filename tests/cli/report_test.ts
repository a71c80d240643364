import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withFolder } from "../data/scratch.ts";
import { dataIn, writeRun } from "../report/run_files.ts";
import { complaint, rin, startRin, TINY, writePictures } from "./rin.ts";

Deno.test("rin report writes the page of a run, and says where", () =>
  withFolder(async (cwd) => {
    await writeRun(`${cwd}/a run`, { steps: 20, grids: 1 });
    const { code, stdout } = await rin(["report", "a run/"], { cwd });
    assertEquals([code, stdout], [0, "a run/report.html\n"]);
    const html = await Deno.readTextFile(`${cwd}/a run/report.html`);
    assertEquals(dataIn(html).grids.length, 1);
  }));

Deno.test("rin compare prints results and differing settings, and writes curves on a page", () =>
  withFolder(async (cwd) => {
    await writeRun(`${cwd}/a`, { steps: 30, grids: 1, config: { seed: 1 } });
    await writeRun(`${cwd}/b`, { steps: 20, grids: 2, config: { lr: 0.5, extra: [4, 4] } });
    const { code, stdout } = await rin(["compare", "a", "b", "--out", "c.html"], { cwd });
    assertEquals(code, 0);
    assertEquals(stdout.split("\n").map((line) => line.replace(/ +/g, " ").trim()), [
      "Run Steps Loss Validation Lowest At step Images/s",
      "--- ----- ------ ---------- ------ ------- --------",
      "a 30 0.0645 0.0745 0.0745 30 50",
      "b 20 0.0952 0.105 0.105 20 50",
      "",
      "Setting a b",
      "------- ---- -----",
      "steps 30 20",
      "lr 0.01 0.5",
      "seed 1 -",
      "extra - [4,4]",
      "",
      "c.html",
      "",
    ]);
    const html = await Deno.readTextFile(`${cwd}/c.html`);
    const [loss, valid] = dataIn(html).charts;
    assertEquals(loss.steps.length, 30);
    assertEquals(loss.lines.map(({ label }: { label: string }) => label), ["a", "b"]);
    assertEquals(loss.lines[1].values.slice(19, 22), [0.09524, null, null]);
    assertEquals(valid.steps, [10, 20, 30]);
    assertEquals(html.match(/<img src="data:image\/png/g)?.length, 2);
  }));

Deno.test("rin report and rin compare refuse wrong arguments in one sentence", () =>
  withFolder(async (cwd) => {
    await writeRun(`${cwd}/a`, { steps: 3 });
    const cases: [string[], number, string][] = [
      [["report"], 2, "Which run? Give its folder"],
      [["report", "a", "a"], 2, "One run at a time"],
      [["report", "a", "--port", "80"], 2, "--port is for a page that is served: add --serve"],
      [["report", "a", "--serve", "--port", "70000"], 2, "--port is 70000: expected a number from"],
      [["report", "none"], 1, "There is no run in none: it has no config.json"],
      [["compare", "a"], 2, "Give two folders or more"],
      [["compare", "a", "a/config.json"], 1, "There is no run in a/config.json"],
      [["train", "--port", "80"], 2, "add --watch"],
    ];
    for (const [args, code, sentence] of cases) {
      assertStringIncludes(complaint(await rin(args, { cwd }), code), sentence);
    }
  }));

Deno.test({
  name: "rin train --watch shows the run live, and leaves its report at the end",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (cwd) => {
      await writePictures(`${cwd}/pictures`, 5);
      const args = ["--data", "pictures", "--steps", "100000", "--out", "r", "--watch"];
      const child = startRin(["train", ...TINY, ...args], { cwd });
      const notes = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
      let said = "";
      while (!/Watch at (\S+)/.test(said)) said += (await notes.read()).value;
      const url = /Watch at (\S+)/.exec(said)![1];
      let step = 0;
      for (let i = 0; i < 400 && step < 3; i++) {
        const answer = await fetch(`${url}data.json`);
        if (answer.ok) step = Number((await answer.json()).tiles[0].value.replace(",", ""));
        else await answer.body?.cancel();
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      assert(step >= 3, `the page says step ${step}`);
      child.kill("SIGINT");
      while (!(await notes.read()).done);
      assertEquals((await child.status).code, 130);
      await child.stdout.cancel();
      const html = await Deno.readTextFile(`${cwd}/r/report.html`);
      assert(Number(dataIn(html).tiles[0].value.replace(",", "")) >= step);
      assertStringIncludes(html, "<dt>Begun</dt>");
    }),
});
