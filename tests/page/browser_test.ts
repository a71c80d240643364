// The page in Chromium, as its visitors use it. Without a GPU it is the CPU device that draws.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import axe from "axe-core";
import { decode, decodeApng } from "fast-png";
import type { Browser } from "playwright-core";
import { pageAssets } from "../../cli/page/assets.ts";
import { rgbaOf } from "../../page/pixels.ts";
import { readMap } from "../../src/diffusion/reading_measures.ts";
import { watchReading } from "../../src/diffusion/reading.ts";
import { requestCpu } from "../../src/device/cpu/request.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { heatMap } from "../../src/picture/heat_map.ts";
import { identityOf, sha256 } from "../../src/model/identity.ts";
import { describeModel } from "../../src/service/model.ts";
import { recordIn } from "../../src/picture/record.ts";
import { rin, startRin } from "../cli/rin.ts";
import { withFolder, write } from "../data/scratch.ts";
import { hasBrowser, hasWebGpu, launch, Visit } from "./browser.ts";
import { smallNet } from "../helpers/small_net.ts";
import { serveFiles, type StaticServer } from "./static_server.ts";

const browsers = new Map<boolean, Promise<Browser>>();

/** One browser for the whole file: with WebGPU on a software adapter, or without. */
function browser(webgpu = true): Promise<Browser> {
  let found = browsers.get(webgpu);
  if (!found) browsers.set(webgpu, found = launch(webgpu));
  return found;
}

Deno.test.afterAll(async () => {
  for (const found of browsers.values()) await (await found).close();
});

const pets = smallNet(1, { numClasses: 3 }, { class_names: '["cat","dog","fox"]' });

/** The page for a checkpoint, as `rin page` writes it. */
async function site(name: string, checkpoint: Uint8Array<ArrayBuffer>): Promise<StaticServer> {
  const model = await describeModel(name, checkpoint, false);
  return serveFiles(
    new Map([
      ...await pageAssets(),
      ["/model.json", { body: JSON.stringify(model), type: "application/json" }],
      ["/checkpoint.safetensors", { body: checkpoint, type: "application/octet-stream" }],
    ]),
  );
}

function pageTest(
  name: string,
  fn: (parts: { server: StaticServer; cwd: string }) => Promise<void>,
  checkpoint: Uint8Array<ArrayBuffer> = pets,
  available = hasBrowser,
): void {
  Deno.test({
    name: `page ${name}`,
    ignore: !available,
    // The browser outlives the test.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () =>
      withFolder(async (cwd) => {
        const server = await site("pets", checkpoint);
        try {
          await write(`${cwd}/pets.safetensors`, checkpoint);
          await fn({ server, cwd });
        } finally {
          await server.stop();
        }
      }),
  });
}

/** Runs `rin sample` on the CPU, and gives what it wrote. */
async function sampled(cwd: string, ...args: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const command = ["sample", "--device", "cpu", ...args, "--out", "cli.png", "--force"];
  const { code, stderr } = await rin(command, { cwd });
  assertEquals(code, 0, stderr);
  return await Deno.readFile(`${cwd}/cli.png`);
}

/** The same picture: no value differs by more than `most` of 255, as between kinds of devices. */
function assertSamePicture(a: Uint8Array, b: Uint8Array, most = 2): void {
  const [one, other] = [decode(a), decode(b)];
  assertEquals([one.width, one.height, one.channels], [other.width, other.height, other.channels]);
  const values = Array.from(one.data);
  const worst = Math.max(...values.map((value, i) => Math.abs(value - other.data[i])));
  assert(worst <= most, `a value differs by ${worst}`);
  const spread = new Set(values).size;
  assert(spread > 50, `only ${spread} values: nothing is drawn`);
  assertEquals(recordIn(a), recordIn(b));
}

/** The same file to the byte, as the CPU device makes it in every runtime of a machine. */
function assertSameFile(a: Uint8Array, b: Uint8Array): void {
  assertSamePicture(a, b, 0);
  assertEquals(a, b);
}

const HOW = ["--count", "4", "--steps", "6", "--sampler", "heun", "--seed", "7"];

pageTest("draws what rin sample draws, and its PNG and link repeat it", async ({ server, cwd }) => {
  const visit = await Visit.begin(await browser(), server.url);
  assertEquals(await visit.text("name"), "pets");
  assertStringIncludes(await visit.text("facts"), "16\u00a0×\u00a016\u00a0px · 1");
  assertEquals(server.requests.includes("GET /checkpoint.safetensors bytes=0-"), false);
  await visit.fill({ seed: "7", count: "4", steps: "6", sampler: "heun", class: "each" });
  await visit.fill({ guidance: "1.5" });
  assertEquals(await visit.text("draw"), "Draw 4 pictures");
  await visit.ask("globalThis.painted = 0");
  await visit.draw();
  // Each was painted on the way, not only at the end.
  const painted = await visit.ask<number>("globalThis.painted");
  assert(painted >= 4 * 6, `painted ${painted} times`);
  assertStringIncludes(await visit.text("now"), "4 pictures in ");
  const grid = await visit.saved("#save");
  assertEquals(grid.name, "pets-seed7.png");
  const how = ["--checkpoint", "pets.safetensors", ...HOW, "--class", "0..2", "--guidance", "1.5"];
  assertSameFile(grid.bytes, await sampled(cwd, ...how));

  // One of them, closer.
  await visit.page.click("#grid button:nth-child(3)");
  assertEquals(await visit.text("viewer-title"), "Picture 3, fox");
  const one = await visit.saved("#viewer-save");
  assertEquals(one.name, "pets-seed7-000002.png");
  const { index, label } = recordIn(one.bytes)!;
  assertEquals([index, label], [2, 2]);
  await write(`${cwd}/one.png`, one.bytes);
  assertSameFile(one.bytes, await sampled(cwd, "--like", "one.png"));

  // And where the network reads it, step by step, as it is drawn again.
  const canvas = () =>
    visit.ask<number[]>(`[...document.getElementById("viewer-canvas").getContext("2d")
      .getImageData(0, 0, 16, 16).data]`);
  const picture = await canvas();
  const heats = await heatsOf(pets);
  await visit.page.selectOption("#viewer-map", "shown");
  await visit.until(`/^Step 6\\./.test(document.getElementById("viewer-note").textContent)`);
  assertEquals(await canvas(), heats[5]);
  await visit.page.fill("#viewer-step", "2");
  assertEquals(await canvas(), heats[2]);
  await visit.page.selectOption("#viewer-map", "not shown");
  assertEquals(await canvas(), picture);
  assertEquals(await visit.page.locator("#viewer-note").isVisible(), false);

  // The link, opened by the same visitor: drawn at once, from what this browser keeps.
  const link = await visit.ask<string>("location.href");
  assertStringIncludes(
    link,
    "#seed=7&count=4&steps=6&sampler=heun&class=0..2&guidance=1.5&network=",
  );
  const fetched = () => server.requests.filter((line) => line.includes("checkpoint"));
  assertEquals(fetched(), ["GET /checkpoint.safetensors bytes=0-"]);
  const tab = await visit.tab(link);
  await tab.done();
  assertEquals((await tab.saved("#save")).bytes, grid.bytes);
  assertEquals(fetched().length, 1);
  assertEquals([visit.errors, tab.errors], [[], []]);
  await visit.end();
});

/** The heat maps of picture 2 of {@linkcode HOW} with guidance, one for each step. */
async function heatsOf(checkpoint: Uint8Array<ArrayBuffer>): Promise<number[][]> {
  const device = await requestCpu();
  const network = await Rin.load(device, checkpoint);
  const heats: number[][] = [];
  await watchReading(network, {
    ...{ count: 4, indices: [2], labels: [2], guidance: 1.5 },
    ...{ steps: 6, sampler: "heun", seed: 7, estimates: 6 },
    onReading: ({ image, blocks }) => {
      const { config } = network;
      heats.push([...rgbaOf(heatMap(image, readMap(blocks), config), { ...config, channels: 3 })]);
    },
  });
  device.destroy();
  return heats;
}

/** The contrast of the button's words, as WCAG has it. */
const CONTRAST = `(() => {
  const style = getComputedStyle(document.getElementById("draw"));
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((byte) => {
      const c = byte / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  const [a, b] = [light(style.color), light(style.backgroundColor)];
  return Math.max(a, b) / Math.min(a, b);
})()`;

pageTest("draws with another seed each time, unless the visitor keeps it", async ({ server }) => {
  const visit = await Visit.begin(await browser(), server.url);
  const seed = () => visit.page.inputValue("#seed");
  const first = await seed();
  await visit.fill({ count: "1", steps: "1" });
  await visit.draw();
  assertEquals(await seed(), first, "the one that was shown");
  await visit.draw();
  const second = await seed();
  assert(second !== first);
  await visit.page.check("#pin");
  await visit.draw();
  assertEquals(await seed(), second);
  // One that was typed is meant.
  await visit.page.uncheck("#pin");
  await visit.fill({ seed: "5" });
  for (let i = 0; i < 2; i++) {
    await visit.draw();
    assertEquals(await seed(), "5");
  }
  await visit.end();
});

pageTest("resumes after a broken connection, and stops on request", async ({ server }) => {
  server.breaks.set("/checkpoint.safetensors", [20_000, 30_000]);
  const visit = await Visit.begin(await browser(), server.url);
  await visit.fill({ count: "1", steps: "2" });
  await visit.draw();
  const ranges = server.requests.filter((line) => line.includes("checkpoint"))
    .map((line) => line.split(" ")[2]);
  assertEquals(ranges, ["bytes=0-", "bytes=20000-", "bytes=30000-"]);
  // What was drawn stays, whatever is changed, until it is drawn anew.
  await visit.fill({ count: "36", steps: "1000" });
  assertEquals(await visit.page.locator("#grid button").count(), 1);
  assertEquals(recordIn((await visit.saved("#save")).bytes)!.steps, 2);
  await visit.page.click("#draw");
  await visit.until(`/^Step/.test(document.getElementById("now").textContent)`);
  assertEquals(await visit.text("draw"), "Stop");
  await visit.page.hover("#draw");
  assert(await visit.ask<number>(CONTRAST) >= 4.5, "Stop can be read while it is hovered");
  await visit.page.click("#draw");
  await visit.until(`document.getElementById("now").textContent === "Stopped"`);
  assertEquals(await visit.text("draw"), "Draw 36 pictures");
  assertEquals(await visit.page.locator("#save").isVisible(), false);
  await visit.end();
});

/** Runs `rin serve` for the time of a test. */
async function served(cwd: string, args: string[], fn: (url: string) => Promise<void>) {
  const child = startRin(["serve", "--checkpoint", "pets.safetensors", ...args], { cwd });
  const said = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let text = "";
    while (!text.includes("\n")) {
      const { value, done } = await said.read();
      if (done) throw new Error(await new Response(child.stderr).text());
      text += value;
    }
    await fn(text.trim());
  } finally {
    child.kill("SIGTERM");
    await Promise.all([said.cancel(), child.stderr.cancel(), child.status]);
  }
}

const SEED_7 = { count: "3", steps: "6", seed: "7", sampler: "heun", class: "1" };

const sampleSeed7 = (cwd: string) =>
  sampled(
    cwd,
    ...["--checkpoint", "pets.safetensors", ...HOW, "--count", "3", "--class", "1"],
  );

/** Changes the worker's script for all visitors: to begin with, it does something else. */
function beginWorkerWith(server: StaticServer, code: string): void {
  const { body, type } = server.files.get("/worker.js")!;
  server.files.set("/worker.js", { body: code + body, type });
}

pageTest(
  "draws on a GPU if there is one, and fetches nothing else",
  async ({ server, cwd }) => {
    // Nobody can tell the software adapter by this name.
    beginWorkerWith(
      server,
      `for (const [name, value] of [["architecture", "r1"], ["vendor", "rin"], ["description", ""]]) {
        Object.defineProperty(GPUAdapterInfo.prototype, name, { value });
      }`,
    );
    const visit = await Visit.begin(await browser(), server.url);
    assertEquals(
      await visit.text("where"),
      "Drawn in this browser by rin r1: nothing leaves this device.",
    );
    await visit.fill(SEED_7);
    await visit.draw();
    assertSamePicture((await visit.saved("#save")).bytes, await sampleSeed7(cwd));
    assertEquals(server.requests.includes("GET /cpu.js"), false);
    assertEquals(visit.errors, []);
    await visit.end();
  },
  pets,
  await hasWebGpu(),
);

for (
  const [without, webgpu, code] of [
    ["WebGPU", false, "delete WorkerNavigator.prototype.gpu;"],
    ["an adapter", false, ""],
    ["a GPU behind its adapter", true, ""],
  ] as const
) {
  pageTest(`draws on the CPU without ${without}, on one thread`, async ({ server, cwd }) => {
    beginWorkerWith(server, code);
    const visit = await Visit.begin(await browser(webgpu), server.url);
    assertEquals(await visit.ask("crossOriginIsolated"), false);
    assertEquals(
      await visit.text("where"),
      "Drawn in this browser by this computer's CPU, 1 thread: nothing leaves this device.",
    );
    await visit.fill(SEED_7);
    await visit.draw();
    assertSameFile((await visit.saved("#save")).bytes, await sampleSeed7(cwd));
    assertEquals(visit.errors, []);
    await visit.end();
  });
}

pageTest(
  "draws from rin serve on several threads, and at last on the server",
  async ({ cwd }) => {
    await served(cwd, ["--device", "cpu"], async (url) => {
      const [here, there] = [
        await Visit.begin(await browser(false), url),
        await Visit.begin(await browser(false), url, { missing: "cpu.js" }),
      ];
      assertEquals(await here.ask("crossOriginIsolated"), true);
      const threads = Math.min(16, navigator.hardwareConcurrency);
      assertEquals(
        await here.text("where"),
        `Drawn in this browser by this computer's CPU, ${threads} thread${
          threads > 1 ? "s" : ""
        }: ` +
          "nothing leaves this device.",
      );
      assertEquals(await there.text("where"), "Drawn by the server that this page came from.");
      assertStringIncludes(await there.notice(), "the server that this page came from can draw.");
      const same = await sampleSeed7(cwd);
      for (const visit of [here, there]) {
        await visit.fill(SEED_7);
        await visit.draw();
        assertSameFile((await visit.saved("#save")).bytes, same);
      }
      assertEquals(await there.text("draw"), "Draw 3 on the server");
      // What this browser has not drawn, it can't watch either.
      await there.page.click("#grid button");
      assertEquals(await there.page.locator("#viewer-reads").isVisible(), false);
      await there.page.click("#viewer-close");
      // The page shows the sentence of a server that refuses.
      await there.fill({ count: "100", steps: "1000" });
      await there.page.click("#draw");
      await there.until("/server answered 400: count x/.test(document.body.innerText)");
      assertEquals([here.errors, there.errors.length], [[], 1]);
      for (const visit of [here, there]) await visit.end();
    });
  },
);

pageTest("asks for the token of rin serve", async ({ cwd }) => {
  await write(`${cwd}/token`, "open-sesame\n");
  await served(cwd, ["--token-file", "token"], async (url) => {
    const visit = await Visit.begin(await browser(), url);
    assertStringIncludes(await visit.notice(), "This server asks for a token");
    visit.page.once("dialog", (dialog) => void dialog.accept("open-sesame"));
    await visit.page.click("#notice-do");
    await visit.page.waitForSelector("#controls:not([hidden])");
    await visit.fill({ count: "1", steps: "2" });
    await visit.draw();
    await visit.end();
  });
});

pageTest("takes a checkpoint, and pictures made by rin", async ({ server, cwd }) => {
  const visit = await Visit.begin(await browser(), server.url);
  // What is being drawn meanwhile is given up.
  await visit.fill({ count: "36", steps: "1000" });
  await visit.page.click("#draw");
  await visit.until(`/^Step/.test(document.getElementById("now").textContent)`);
  const made = ["--steps", "4", "--count", "2", "--times", "logsnr", "--clip", "off"];
  const picture = await sampled(cwd, "--checkpoint", "pets.safetensors", ...made);
  await visit.drop("picture.png", picture);
  await visit.until(
    `/^The same as picture.png, /.test(document.getElementById("now").textContent)`,
  );
  assertEquals(await visit.text("also-text"), "times logsnr, clip off");
  assertEquals(await visit.page.inputValue("#sampler"), "dpm++");
  assertSameFile((await visit.saved("#save")).bytes, picture);

  const other = smallNet(2, { imageSize: 8 });
  await visit.choose("other.safetensors", other);
  await visit.until(`document.getElementById("name").textContent === "other"`);
  assertEquals(await visit.page.locator("#class").isVisible(), false);
  await visit.fill({ count: "2", steps: "3", seed: "5" });
  await visit.draw();
  const drawn = (await visit.saved("#save")).bytes;
  assertEquals(recordIn(drawn)!.checkpoint, identityOf(await sha256(other)));
  await write(`${cwd}/other.safetensors`, other);
  await write(`${cwd}/drawn.png`, drawn);
  assertSameFile(drawn, await sampled(cwd, "--like", "drawn.png"));

  await visit.drop("picture.png", picture);
  assertStringIncludes(await visit.notice(), "picture.png can't be used: It was made with another");
  await visit.drop("photo.png", new Uint8Array(picture.subarray(0, 40)));
  assertStringIncludes(await visit.notice(), "has no record of its settings");
  await visit.drop("broken.safetensors", other.slice(0, 500));
  assertStringIncludes(
    await visit.notice(),
    "This page can't read it as a checkpoint: it is",
  );
  // And what was there is still good.
  await visit.page.click("#notice-close");
  await visit.draw();
  assertEquals((await visit.saved("#save")).bytes, drawn);
  await visit.end();
});

const half = smallNet(1, { numClasses: 3 }, {}, "f16");

pageTest(
  "reports what a link gets wrong and draws the rest, in half precision",
  async ({ server, cwd }) => {
    const visit = await Visit.begin(
      await browser(),
      `${server.url}#seed=3&count=1&steps=2&class=9&network=000000000000`,
    );
    const said = await visit.notice();
    assertStringIncludes(said, "made with another network");
    assertStringIncludes(said, 'There is no class "9"');
    await visit.done();
    assertEquals(await visit.page.inputValue("#seed"), "3");
    const how = ["--seed", "3", "--count", "1", "--steps", "2", "--sampler", "dpm++"];
    const picture = await sampled(cwd, "--checkpoint", "pets.safetensors", ...how);
    assertSameFile((await visit.saved("#save")).bytes, picture);
    await visit.end();
  },
  half,
);

pageTest(
  "says so if nothing can draw, and offers nothing if no server draws",
  async ({ server }) => {
    server.files.delete("/cpu.js");
    const visit = await Visit.begin(await browser(false), server.url);
    assertStringIncludes(await visit.notice(), "This browser can't draw: It has no GPU");
    assert(await visit.page.locator("#draw").isDisabled());
    assertEquals((await visit.notice()).includes("server"), false);
    await visit.drop("other.safetensors", pets);
    assertStringIncludes(await visit.notice(), "other.safetensors can't be used: This browser");
    await visit.end();
  },
);

/** What a checker of accessibility finds wrong. */
async function faults(visit: Visit): Promise<unknown[]> {
  await visit.ask(axe.source);
  const { violations } = await visit.ask<
    { violations: { id: string; nodes: { html: string }[] }[] }
  >(
    "axe.run()",
  );
  return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]);
}

pageTest("works by keyboard alone, and says what it does", async ({ server }) => {
  const visit = await Visit.begin(await browser(), server.url);
  const { keyboard } = visit.page;
  const focus = () =>
    visit.ask<string>("document.activeElement.id || document.activeElement.ariaLabel");
  const tabs = async (count: number) => {
    const seen = [];
    for (let i = 0; i < count; i++) {
      await keyboard.press("Tab");
      seen.push(await focus());
    }
    return seen;
  };
  assertEquals(await tabs(7), ["seed", "dice", "pin", "count", "steps", "sampler", "class"]);
  await visit.fill({ count: "4", steps: "3" });
  const before = await visit.page.inputValue("#seed");
  await visit.page.focus("#dice");
  await keyboard.press("Enter");
  assert(await visit.page.inputValue("#seed") !== before);
  await visit.page.focus("#seed");
  await keyboard.press("Enter");
  await visit.done();
  assertStringIncludes(
    await visit.ask("document.getElementById('live').textContent"),
    "4 pictures in",
  );
  await visit.ask(
    "document.querySelector('h1').tabIndex = -1; document.querySelector('h1').focus()",
  );
  assertEquals(await tabs(3), ["Picture 1", "link", "save"]);
  await visit.page.focus("#grid button");
  await keyboard.press("ArrowDown");
  assertEquals(await focus(), "Picture 3");
  await keyboard.press("Enter");
  assertEquals(await visit.text("viewer-title"), "Picture 3");
  await keyboard.press("ArrowRight");
  assertEquals(await visit.text("viewer-title"), "Picture 4");
  assertEquals(await faults(visit), []);
  await keyboard.press("Escape");
  assertEquals(await focus(), "Picture 3");
  await visit.end();
});

pageTest(
  "cuts nothing off on a phone, and stays readable in light and dark",
  async ({ server }) => {
    for (const colorScheme of ["light", "dark"] as const) {
      const viewport = { width: 360, height: 740 };
      const visit = await Visit.begin(await browser(), server.url, { colorScheme, viewport });
      await visit.fill({ class: "2" });
      const width = () => visit.ask<number>("document.documentElement.scrollWidth");
      assertEquals([await width(), await faults(visit)], [360, []]);
      await visit.fill({ count: "4", steps: "2" });
      await visit.draw();
      await visit.drop("x.png", new Uint8Array(3));
      await visit.notice();
      assertEquals([await width(), await faults(visit)], [360, []]);
      await visit.page.click("#grid button");
      assertEquals([await width(), await faults(visit)], [360, []]);
      await visit.end();
    }
  },
);

pageTest("plays clips, and saves them moving", async ({ server, cwd }) => {
  const visit = await Visit.begin(await browser(), server.url);
  await visit.fill({ count: "2", steps: "2", seed: "5" });
  await visit.draw();
  const painted = () => visit.ask<number>("globalThis.painted");
  const before = await painted();
  await visit.until(`globalThis.painted > ${before + 3}`);
  await visit.page.click("#motion");
  const paused = await painted();
  await new Promise((resolve) => setTimeout(resolve, 400));
  assertEquals(await painted(), paused);
  const { name, bytes } = await visit.saved("#save");
  assertEquals(name, "pets-seed5.apng");
  await write(`${cwd}/page.apng`, bytes);
  const how = ["--device", "cpu", "--like", "page.apng", "--out", "cli.apng"];
  const again = await rin(["sample", ...how], { cwd });
  assertEquals(again.code, 0, again.stderr);
  assertEquals(decodeApng(bytes).frames.length, 4);
  assertEquals(bytes, await Deno.readFile(`${cwd}/cli.apng`));
  await visit.end();
}, smallNet(3, { frames: 4, patchFrames: 2, channels: 1, imageSize: "8x16" }));

pageTest("lets the server draw clips, and from one seed to another", async ({ cwd }) => {
  await served(cwd, ["--device", "cpu"], async (url) => {
    const path = "count=2&steps=2&seed=5&interpolate=3,8";
    for (
      const [fragment, ...flags] of [["count=2&steps=2&seed=5"], [path, "--interpolate", "3,8"]]
    ) {
      const at = `${url}#${fragment}`;
      const visit = await Visit.begin(await browser(false), at, { missing: "cpu.js" });
      await visit.done(); // a link draws at once
      const { bytes } = await visit.saved("#save");
      const how = ["--device", "cpu", "--count", "2", "--steps", "2", "--seed", "5", ...flags];
      const { code, stderr } = await rin(
        ["sample", "pets.safetensors", ...how, "--out", "cli.apng", "--force"],
        { cwd },
      );
      assertEquals(code, 0, stderr);
      assertEquals(bytes, await Deno.readFile(`${cwd}/cli.apng`));
      await visit.end();
    }
  });
}, smallNet(3, { frames: 4, patchFrames: 2, channels: 4, imageSize: "16x8" }));

pageTest("says that it can't draw with a network that continues clips", async ({ server }) => {
  const visit = await Visit.begin(await browser(), `${server.url}#seed=5&count=2`);
  assertStringIncludes(await visit.notice(), "pets draws how a clip continues");
  await visit.until("document.querySelector('#where').textContent !== ''");
  assert(await visit.ask<boolean>("document.querySelector('#draw').disabled"));
  assertEquals(await faults(visit), []);
  await visit.end();
}, smallNet(3, { frames: 4, contextFrames: 2, patchFrames: 2 }));
