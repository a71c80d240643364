import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decode } from "fast-png";
import { withFolder, write } from "../data/scratch.ts";
import {
  complaint,
  lastStep,
  metrics,
  outcome,
  rin,
  startRin,
  TINY,
  until,
  writePictures,
} from "./rin.ts";

function trainTest(name: string, fn: (cwd: string) => Promise<void>): void {
  Deno.test({ name: `rin train ${name}`, fn: () => withFolder(fn) });
}

const MOMENTS = ["x0", "xt", "noise", "prediction", "interface", "latents"];

trainTest("writes config, metrics, samples, checkpoints, and a report", async (cwd) => {
  await writePictures(`${cwd}/pictures`, 10);
  await write(`${cwd}/pictures/broken.png`, "not a picture");
  const args = ["--data", "pictures", "--steps", "6", "--log-every", "3", "--valid-every", "4"];
  const { code, stderr } = await rin(["train", ...TINY, ...args, "--sample-every", "4"], { cwd });
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, "Skipped broken.png: ");
  assertStringIncludes(stderr, "Images: 10");
  const [run] = [...Deno.readDirSync(`${cwd}/runs`)].map(({ name }) => name);
  assert(/^faces-\d{8}-\d{4}$/.test(run), run);
  const folder = `${cwd}/runs/${run}`;

  const lines = await metrics(folder);
  const steps = lines.filter(({ loss }) => loss !== undefined);
  assertEquals(steps.map(({ step }) => step), [1, 2, 3, 4, 5, 6]);
  assertEquals(steps.filter(({ moments }) => moments).map(({ step }) => step), [3, 6]);
  assertEquals(Object.keys(steps[2].moments!), MOMENTS);
  for (
    const key of [
      "epoch",
      "loss",
      "lossAverage",
      "lr",
      "gradientNorm",
      "imagesPerSecond",
      "dataWait",
    ]
  ) {
    assert(steps.every((line) => Number.isFinite(line[key])), key);
  }
  const validations = lines.filter(({ validLoss }) => Number.isFinite(validLoss));
  assertEquals(validations.map(({ step }) => step), [4, 6]);

  // Five images make a grid of 3 x 2, two pixels apart.
  for (const step of ["000004", "000006"]) {
    const { width, height } = decode(await Deno.readFile(`${folder}/samples/step-${step}.png`));
    assertEquals([width, height], [3 * 18 + 2, 2 * 18 + 2]);
  }
  assertEquals(await lastStep(folder), 6);
  assert((await Deno.stat(`${folder}/best.safetensors`)).size > 0);
  assertStringIncludes(await Deno.readTextFile(`${folder}/report.html`), `<h1>${run}</h1>`);
  assert([...Deno.readDirSync(folder)].every(({ name }) => !name.endsWith(".tmp")));

  const again = ["--config", `runs/${run}/config.json`, "--out", "again", "--quiet"];
  const repeated = await rin(["train", ...again], { cwd });
  assertEquals([repeated.code, repeated.stderr, repeated.stdout], [0, "", ""]);
  assertEquals(
    await Deno.readFile(`${cwd}/again/last.safetensors`),
    await Deno.readFile(`${folder}/last.safetensors`),
  );
});

trainTest("names five broken pictures, and counts all", async (cwd) => {
  await writePictures(`${cwd}/pictures`, 3);
  for (let i = 0; i < 8; i++) await write(`${cwd}/pictures/x${i}.png`, "not a picture");
  const args = ["--data", "pictures", "--steps", "1", "--out", "r"];
  const { code, stderr } = await rin(["train", ...TINY, ...args], { cwd });
  assertEquals(code, 0);
  assertEquals(stderr.match(/Skipped x\d\.png: /g)?.length, 5);
  assertStringIncludes(stderr, "Skipped 3 more, 8 in all");
});

trainTest("prefers a flag to the config file", async (cwd) => {
  await writePictures(`${cwd}/pictures`, 3);
  await write(`${cwd}/c.json`, '{"data": "pictures", "steps": 500, "seed": 7}');
  const args = ["--config", "c.json", "--steps", "2", "--out", "r", "--quiet"];
  assertEquals((await rin(["train", ...TINY, ...args], { cwd })).code, 0);
  const { steps, seed } = JSON.parse(await Deno.readTextFile(`${cwd}/r/config.json`));
  assertEquals([steps, seed], [2, 7]);
});

trainTest(
  "gives the same bits in 6 steps as in 3 and, resumed inside an epoch, 3 more",
  async (cwd) => {
    await writePictures(`${cwd}/pictures`, 10);
    const args = ["train", ...TINY, "--data", "pictures", "--flip", "--quiet"];
    assertEquals((await rin([...args, "--out", "whole", "--steps", "6"], { cwd })).code, 0);
    assertEquals((await rin([...args, "--out", "parts", "--steps", "3"], { cwd })).code, 0);
    const more = await rin(["train", "--resume", "parts", "--steps", "6", "--quiet"], { cwd });
    assertEquals(more.code, 0, more.stderr);
    const steps = async (run: string) =>
      (await metrics(`${cwd}/${run}`)).filter(({ loss }) => loss !== undefined)
        .map(({ step, loss, lossAverage }) => ({ step, loss, lossAverage }));
    assertEquals(await steps("parts"), await steps("whole"));
    const { slabs } = await checkpoint(`${cwd}/parts`);
    assertEquals(slabs, (await checkpoint(`${cwd}/whole`)).slabs);
  },
);

async function checkpoint(run: string) {
  const { readCheckpoint } = await import("../../src/model/checkpoint.ts");
  return readCheckpoint(await Deno.readFile(`${run}/last.safetensors`));
}

Deno.test({
  name: "rin train saves at Ctrl-C, says how to continue, and resumes with identical bits",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (cwd) => {
      await writePictures(`${cwd}/pictures`, 13);
      const args = [
        "train",
        ...TINY,
        "--data",
        "pictures",
        "--steps",
        "200",
        "--valid-every",
        "45",
      ];
      const child = startRin([...args, "--out", "stopped run"], { cwd });
      const folder = `${cwd}/stopped run`;
      await until(async () => (await metrics(folder)).length > 10);
      child.kill("SIGINT");
      const { code, stderr } = await outcome(child);
      assertEquals(code, 130, stderr);
      assertStringIncludes(stderr, "rin train --resume 'stopped run'");
      const step = await lastStep(folder);
      assert(step > 10 && step < 200, `stopped at ${step}`);

      assertEquals((await rin(["train", "--resume", folder, "--quiet"], { cwd })).code, 0);
      assertEquals((await rin([...args, "--out", "whole", "--quiet"], { cwd })).code, 0);
      for (const name of ["last.safetensors", "best.safetensors", "samples/step-000200.png"]) {
        const [a, b] = [`${folder}/${name}`, `${cwd}/whole/${name}`];
        assert(equalBytes(await Deno.readFile(a), await Deno.readFile(b)), `${name} differs`);
      }
    }),
});

Deno.test({
  name: "rin train saves at SIGTERM, and exits at once at a second signal",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (cwd) => {
      await writePictures(`${cwd}/pictures`, 5);
      // The samples of the last step take minutes.
      const args = [...TINY, "--data", "pictures", "--steps", "5", "--sample-steps", "100000"];
      const begin = async (out: string) => {
        const child = startRin(["train", ...args, "--out", out], { cwd });
        await until(async () => (await metrics(`${cwd}/${out}`)).length > 4);
        return child;
      };
      const first = await begin("first");
      first.kill("SIGTERM");
      const { code, stderr } = await outcome(first);
      assertEquals(code, 130, stderr);
      assertStringIncludes(stderr, "Stopped after step 5 of 5 and saved");
      assertEquals(await lastStep(`${cwd}/first`), 5);

      const second = await begin("second");
      second.kill("SIGTERM");
      second.kill("SIGINT");
      assertEquals((await outcome(second)).code, 130);
    }),
});

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

trainTest("drops metrics beyond the checkpoint when it resumes", async (cwd) => {
  await writePictures(`${cwd}/pictures`, 5);
  const args = [...TINY, "--data", "pictures", "--steps", "2", "--out", "r", "--quiet"];
  assertEquals((await rin(["train", ...args], { cwd })).code, 0);
  // As a crash leaves it: a step that was not saved, and half a line.
  const file = `${cwd}/r/metrics.jsonl`;
  await Deno.writeTextFile(file, '{"step":3,"loss":9}\n{"step":4,"lo', { append: true });
  assertEquals((await rin(["train", "--resume", "r", "--steps", "4", "--quiet"], { cwd })).code, 0);
  const steps = (await metrics(`${cwd}/r`)).filter(({ loss }) => loss !== undefined);
  assertEquals(steps.map(({ step }) => step), [1, 2, 3, 4]);
  assert(steps[2].loss !== 9);
});

trainTest("--profile says where a step's time goes, and writes nothing", async (cwd) => {
  await writePictures(`${cwd}/pictures`, 3);
  const args = ["train", ...TINY, "--data", "pictures", "--profile", "--out", "r"];
  const { code, stdout } = await rin([...args, "--device", "cpu"], { cwd });
  assertEquals(code, 0);
  assertMatch(stdout, /^operation +count +ms +share +GFLOP\/s +GB\/s\n/);
  // A product has both rates, what has no products one.
  assertMatch(stdout, /\nmatmul +66 +[\d.]+ +[\d.]+% +[\d.]+ +[\d.]+\n/);
  assertMatch(stdout, /\nadamW +1 +[\d.]+ +[\d.]+% +[\d.]+\n/);
  assertMatch(stdout, /\nall operations +\d+ +[\d.]+ +100.0% +[\d.]+ +[\d.]+\n/);
  assertStringIncludes(stdout, "A whole step takes");
  assertEquals(await Deno.stat(`${cwd}/r`).catch(() => "gone"), "gone");
});

trainTest("stops at a loss that is not finite, and keeps the last checkpoint", async (cwd) => {
  await writePictures(`${cwd}/pictures`, 5);
  const args = ["train", ...TINY, "--data", "pictures", "--out", "r", "--steps", "4", "--quiet"];
  assertEquals((await rin(args, { cwd })).code, 0);
  const before = await Deno.readFile(`${cwd}/r/last.safetensors`);
  // Each step multiplies all weights by about -99.
  const wild = ["--resume", "r", "--lr", "10", "--weight-decay", "10", "--steps", "200", "--quiet"];
  const kept = "the checkpoint of step 4 in r is kept; resume it with a lower --lr than 10";
  for (const asked of ["stop", "skip"]) {
    const found = complaint(await rin(["train", ...wild, "--on-nan", asked], { cwd }));
    const many = /^rin: In each of the last (6[4-9]|[7-9]\d) steps, to step \d+, the loss/;
    const one = /^rin: At step (\d|1\d|2\d) the loss or its gradient was not finite/;
    assert((asked === "stop" ? one : many).test(found), found);
    assertStringIncludes(found, kept);
    assert(equalBytes(await Deno.readFile(`${cwd}/r/last.safetensors`), before));
  }
  const skipped = (await metrics(`${cwd}/r`)).filter(({ skipped }) => skipped !== undefined);
  assert(skipped.length >= 64);
  assertEquals(skipped.map(({ skipped }) => skipped), skipped.map((_, i) => i + 1));
});
