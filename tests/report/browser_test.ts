import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { RunView } from "../../cli/report/run_view.ts";
import { standalonePage } from "../../cli/report/run_page.ts";
import { withFolder } from "../data/scratch.ts";
import { writeRun } from "./run_files.ts";

const chromium = await (async () => {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
    for (const folder of ["/usr/bin", "/usr/local/bin"]) {
      const path = `${folder}/${name}`;
      if (await Deno.stat(path).then(() => true, () => false)) return path;
    }
  }
})();

/** What a page answers to a script that runs in it. */
async function ask(html: string, script: string): Promise<unknown> {
  const folder = await Deno.makeTempDir();
  try {
    const asking = `<script>addEventListener("load", () => setTimeout(async () => {
      document.body.innerHTML = "<pre>@" + encodeURIComponent(JSON.stringify(
        await (async () => { ${script} })())) + "@</pre>";
    }, 100));</script>`;
    await Deno.writeTextFile(
      `${folder}/page.html`,
      html.replace("</body>", () => asking + "</body>"),
    );
    const { stdout, stderr } = await new Deno.Command(chromium!, {
      args: [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        ...["--virtual-time-budget=3000", `--user-data-dir=${folder}/profile`],
        ...["--window-size=500,800", "--dump-dom", `file://${folder}/page.html`],
      ],
      stdout: "piped",
      stderr: "piped",
    }).output();
    const found = /<pre>@(.*)@<\/pre>/.exec(new TextDecoder().decode(stdout));
    if (!found) throw new Error(new TextDecoder().decode(stderr));
    return JSON.parse(decodeURIComponent(found[1]));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "standalonePage() draws its curves in a browser, with all controls on the keyboard",
  ignore: chromium === undefined,
  fn: () =>
    withFolder(async (folder) => {
      await writeRun(folder, { steps: 50, grids: 5 });
      const html = await standalonePage(await RunView.open(folder));
      const seen = await ask(
        html,
        `
        const all = (selector) => [...document.querySelectorAll(selector)];
        const figure = all("figure")[0], plot = figure.querySelector(".plot");
        const key = (name) =>
          plot.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
        const inked = () => {
          const canvas = figure.querySelector("canvas");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return data.some((value) => value > 0);
        };
        const said = [];
        for (const name of ["ArrowLeft", "ArrowLeft", "Home", "End"]) {
          key(name);
          said.push(figure.querySelector("[aria-live]").textContent);
        }
        const toggle = figure.querySelector(".toggle"), log = [toggle.ariaPressed];
        toggle.click();
        log.push(toggle.ariaPressed);
        const name = figure.querySelector(".name");
        name.click();
        const slider = document.querySelector("input[type=range]"), image = document.querySelector("img");
        const grids = [image.alt, slider.ariaValueText ?? slider.getAttribute("aria-valuetext")];
        slider.value = "0";
        slider.dispatchEvent(new Event("input"));
        await image.decode();
        grids.push(image.alt, image.naturalWidth);
        // A window can't be as narrow as a phone.
        document.body.style.width = "360px";
        await new Promise((resolve) => setTimeout(resolve, 300));
        return {
          width: document.body.scrollWidth,
          titles: all("figure .title").map((title) => title.textContent),
          label: plot.ariaLabel, focusable: plot.tabIndex, inked: inked(), said, log,
          hidden: name.ariaPressed, grids,
        };`,
      ) as Record<string, unknown> & { said: string[]; titles: string[] };
      assertEquals(seen.width, 360);
      assertEquals(seen.titles[0], "Loss");
      assertEquals(seen.titles.length, 6);
      assertStringIncludes(`${seen.label}`, "Loss, steps 1 to 50. Loss from 1 to 0.0392");
      assertEquals([seen.focusable, seen.inked], [0, true]);
      assertEquals(seen.said, [
        "step 50: Loss 0.0392, Average 0.0392, Validation 0.0492",
        "step 49: Loss 0.04, Average 0.04, Validation 0.0588",
        "step 1: Loss 1, Average 1, Validation –",
        "step 50: Loss 0.0392, Average 0.0392, Validation 0.0492",
      ]);
      assertEquals([seen.log, seen.hidden], [["true", "false"], "false"]);
      assertEquals(seen.grids, [
        "Grid of samples: Step 50",
        "Step 50",
        "Grid of samples: Step 10",
        22,
      ]);
      assert(html.length < 200_000);
    }),
});
