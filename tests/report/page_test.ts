import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { spread } from "../../cli/report/grids.ts";
import { RunView } from "../../cli/report/run_view.ts";
import { comparePage } from "../../cli/report/compare_page.ts";
import { standalonePage } from "../../cli/report/run_page.ts";
import { SessionsFile } from "../../src/run/sessions.ts";
import { withFolder, write } from "../data/scratch.ts";
import { dataIn, writeRun } from "./run_files.ts";

Deno.test("standalonePage() of a very long run is below 150 kB without its pictures", () =>
  withFolder(async (folder) => {
    await writeRun(folder, { steps: 20_000, grids: 3 });
    const html = await standalonePage(await RunView.open(folder));
    const { charts, grids, tiles } = dataIn(html);
    const pictures = grids.reduce((sum: number, { src }: { src: string }) => sum + src.length, 0);
    assert(html.length - pictures < 150_000, `${html.length - pictures} bytes`);
    assertEquals(charts.length, 6);
    assertEquals(tiles[0], { label: "Step", value: "20,000", note: "of 20,000" });
    assertEquals(tiles[2].note, "lowest 0.0101, step 20,000");
    assertEquals(/(src|href)="(?!data:)/.exec(html), null, "refers to something outside");
    assert(!/https?:\/\/(?!github\.com\/leeoniya)/.test(html), "names something outside");
  }));

Deno.test("standalonePage() never takes a run's texts as markup", () =>
  withFolder(async (parent) => {
    const evil = `</script><img src=x onerror="alert(1)"><!--`;
    const folder = `${parent}/a<b>&"'`;
    await writeRun(folder, { steps: 20, config: { data: evil, preset: evil } });
    await write(
      `${folder}/metrics.jsonl`,
      `{"step":1,"loss":1,"moments":{"${"<script>"}":{"std":1}}}\n`,
    );
    await new SessionsFile(folder).start({ step: 0, device: evil });
    const html = await standalonePage(await RunView.open(folder));
    assert(!html.includes("<img src=x") && !html.includes('"alert'));
    assertStringIncludes(html, "<h1>a&lt;b&gt;&amp;&quot;&#39;</h1>");
    assertEquals(html.match(/<\/script>/g)!.length, 3);
    const others = [`${parent}/<!--<script>`, `${parent}/b`];
    for (const other of others) await writeRun(other, { steps: 2 });
    const both = await comparePage(await Promise.all(others.map((path) => RunView.open(path))));
    assertEquals(dataIn(both).charts[0].lines[0].label, "<!--<script>");
    assert(!both.includes("<!--<script>"));
  }));

Deno.test("spread() takes as many grids as fit, over the whole run, always with the last", () =>
  withFolder(async (folder) => {
    assertEquals(spread([1, 2, 3], 5), [1, 2, 3]);
    assertEquals(spread([1, 2, 3, 4, 5], 3), [1, 3, 5]);
    assertEquals(spread([1, 2, 3, 4, 5], 1), [5]);
    await writeRun(folder, { steps: 1000, grids: 100 });
    const small = dataIn(await standalonePage(await RunView.open(folder))).grids;
    assertEquals([small.length, small[0].caption, small[23].caption], [
      24,
      "Step 10",
      "Step 1,000",
    ]);
    // Ten megabytes each.
    const path = `${folder}/samples/step-001000.png`;
    await Deno.writeFile(path, new Uint8Array(1e7));
    const large = dataIn(await standalonePage(await RunView.open(folder))).grids;
    assertEquals(large.map(({ caption }: { caption: string }) => caption), ["Step 1,000"]);
  }));

Deno.test("RunView reads what is new, forgets what a resumed run dropped, and ignores half a line", () =>
  withFolder(async (folder) => {
    await writeRun(folder, { steps: 9, grids: 1 });
    const view = await RunView.open(folder + "/");
    assertEquals(view.name, (await RunView.open(`${folder}/samples/..`)).name);
    const before = view.version, metrics = `${folder}/metrics.jsonl`;
    await view.refresh();
    assertEquals([view.history.step, view.version], [9, before]);
    await Deno.writeTextFile(metrics, '{"step":10,"loss":7}\n{"step":11,"lo', { append: true });
    await view.refresh();
    assertEquals([view.history.step, view.history.last("loss")], [10, 7]);
    assert(view.version > before);
    await Deno.writeTextFile(metrics, 'ss":8}\n', { append: true });
    await view.refresh();
    assertEquals(view.history.last("loss"), 8);
    // Resumed after step 2, and then as far as before.
    await new SessionsFile(folder).start({ step: 2, device: "gpu" });
    await Deno.writeTextFile(metrics, '{"step":1,"loss":5}'.padEnd(5000) + "\n");
    await view.refresh();
    assertEquals([view.history.step, view.history.last("loss")], [1, 5]);
    await Deno.writeTextFile(metrics, '{"step":1,"loss":4}\n');
    await view.refresh();
    assertEquals([view.history.table(["loss"]).steps, view.history.last("loss")], [[1], 4]);
    assertEquals(view.sessions.map(({ step, device }) => [step, device]), [[2, "gpu"]]);
  }));
