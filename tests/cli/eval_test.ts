import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { writeSafetensors } from "../../src/model/safetensors.ts";
import { withFolder, write } from "../data/scratch.ts";
import { smallNet } from "../helpers/small_net.ts";
import { complaint, metrics, rin, TINY, writePictures } from "./rin.ts";

const evalTest = (name: string, fn: (cwd: string) => Promise<void>) =>
  Deno.test({ name: `rin eval ${name}`, fn: () => withFolder(fn) });

async function json(cwd: string, args: string[]) {
  const { code, stdout, stderr } = await rin(["eval", ...args, "--json", "--quiet"], { cwd });
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

const QUICK = ["--count", "6", "--steps", "2", "--levels", "4"];

evalTest("measures a run on its own images: loss by noise level, distances, files", async (cwd) => {
  await writePictures(`${cwd}/pictures`, 24);
  const train = ["train", ...TINY, "--data", "pictures", "--valid-fraction", "0.3"];
  const options = ["--out", "run", "--steps", "3", "--seed", "5", "--quiet"];
  assertEquals((await rin([...train, ...options], { cwd })).code, 0);

  const { code, stdout, stderr } = await rin(["eval", "run", ...QUICK], { cwd });
  assertEquals(code, 0, stderr);
  assertStringIncludes(stdout, "held-out images:");
  assertStringIncludes(stdout, "scattering-v1");
  assertStringIncludes(stderr, "Results and plot are in run/eval-step-3");
  for (const doing of ["loss by noise level", "features of the data"]) {
    assertMatch(stderr, new RegExp(`^100% .*${doing}`, "m"));
  }
  const report = JSON.parse(await Deno.readTextFile(`${cwd}/run/eval-step-3/eval.json`));
  assertEquals(report.step, 3);
  assert(report.data.endsWith("/pictures"));
  assertEquals(report.loss.heldOut, true);
  assertEquals(report.loss.levels.length, 4);
  const [{ sampleCount, dataCount, frechet, precision, recall, halves }] = report.comparisons;
  assertEquals([sampleCount, dataCount], [6, 24 - report.loss.images]);
  assert(frechet > halves && halves > 0, `${frechet} ${halves}`);
  assert([precision, recall].every((share) => share >= 0 && share <= 1));
  const svg = await Deno.readTextFile(`${cwd}/run/eval-step-3/loss_by_noise.svg`);
  assertStringIncludes(svg, "Loss by noise level after step 3");

  // The same command gives the same figures; with 16 levels the mean is the run's own validation.
  const again = await json(cwd, ["run", ...QUICK]);
  assertEquals(again, report);
  const fine = await json(cwd, ["run", "--count", "0", "--valid-count", "16", "--out", "other"]);
  assertEquals(fine.comparisons, []);
  const mean = fine.loss.levels.reduce((sum: number, level: { x0: number }) => sum + level.x0, 0) /
    16;
  const { validLoss } = (await metrics(`${cwd}/run`)).findLast((line) => "validLoss" in line)!;
  assertAlmostEquals(mean, validLoss as number, 1e-5 * mean);

  // An export says how long its run was trained.
  const exported = ["export", "run", "--out", "net.safetensors"];
  assertEquals((await rin(exported, { cwd })).code, 0);
  const loss = ["net.safetensors", "--data", "pictures", "--count", "0", "--levels", "4"];
  const ofExport = await rin(["eval", ...loss], { cwd });
  assertStringIncludes(ofExport.stderr, "Results and plot are in ./eval-step-3");
});

evalTest("samples a network in its own way, unless a sampler is named", async (cwd) => {
  await writePictures(`${cwd}/pictures`, 12);
  const sampling = { sampler: "ddpm", steps: 3, variance: "large", sampleSchedule: "linear" };
  await write(`${cwd}/own.safetensors`, smallNet(1, {}, { sampling: JSON.stringify(sampling) }));
  await write(`${cwd}/usual.safetensors`, smallNet());
  const measured = async (network: string, ...flags: string[]) => {
    const counts = ["--count", "4", "--levels", "2", "--json", ...flags];
    const args = ["eval", network, "--data", "pictures", ...counts];
    const { code, stdout, stderr } = await rin(args, { cwd });
    assertEquals(code, 0, stderr);
    return { stderr, report: JSON.parse(stdout) };
  };
  const own = await measured("own.safetensors");
  assertStringIncludes(own.stderr, "Sampling as its run does: ddpm, 3 steps, variance large");
  const spelled = Object.entries(sampling).flatMap(([key, value]) => [
    key === "sampleSchedule" ? "--sample-schedule" : `--${key}`,
    `${value}`,
  ]);
  const same = await measured("usual.safetensors", ...spelled);
  assertEquals(own.report.comparisons, same.report.comparisons);
  const other = await measured("own.safetensors", "--sampler", "ddim", "--steps", "3");
  assertNotEquals(other.report.comparisons, same.report.comparisons);
});

evalTest("finds no distance between the data and a folder of the same pictures", async (cwd) => {
  await writePictures(`${cwd}/pictures`, 12);
  await write(`${cwd}/net.safetensors`, smallNet());
  const own = ["net.safetensors", "--data", "pictures", "--valid-fraction", "0", ...QUICK];
  const same = await json(cwd, [...own, "--samples", "pictures"]);
  assertEquals(same.samples, { folder: "pictures" });
  assertEquals(same.loss.heldOut, false);
  const [{ frechet, precision, recall }] = same.comparisons;
  assert(frechet < 1e-6, `${frechet}`);
  assertEquals([precision, recall], [1, 1]);
  // Whatever the batch, image i is image i.
  const made = await json(cwd, own);
  const two = await json(cwd, [...own, "--batch-size", "4"]);
  assertAlmostEquals(two.comparisons[0].frechet, made.comparisons[0].frechet, 1e-9);

  const unknown = await rin(["eval", "net.safetensors", ...QUICK], { cwd });
  assertStringIncludes(complaint(unknown, 2), "does not say which images it was trained on");
  const few = await rin(["eval", ...own, "--count", "3"], { cwd });
  assertStringIncludes(complaint(few), "more than 3 images of each side, got 3");
});

Deno.test("rin eval refuses wrong questions before it asks for a device", async () => {
  assertStringIncludes(complaint(await rin(["eval"]), 2), "Which checkpoint?");
  assertStringIncludes(complaint(await rin(["eval", "a", "b"]), 2), "One checkpoint at a time");
  const cases = [["--count", "-1"], ["--levels", "0"], ["--data-count", "3"], ["--steps", "0"]];
  for (const [flag, value] of cases) {
    const found = complaint(await rin(["eval", "nowhere", `${flag}=${value}`]));
    assert(found.includes(`${flag} is ${value}`), found);
  }
  assertStringIncludes(complaint(await rin(["eval", "nowhere"])), "Cannot read checkpoint nowhere");
});

Deno.test("rin eval refuses unusable files of standard FID", async () => {
  await withFolder(async (cwd) => {
    await write(`${cwd}/net.safetensors`, smallNet());
    await write(`${cwd}/w.pth`, Uint8Array.of(0x50, 0x4b, 3, 4));
    await write(`${cwd}/w.safetensors`, "This is no safetensors file.");
    await write(`${cwd}/ok.safetensors`, writeSafetensors({ metadata: {}, tensors: new Map() }));
    await write(`${cwd}/s.npz`, "nothing");
    const say = async (code: number, ...args: string[]) =>
      complaint(await rin(["eval", "net.safetensors", "--data", "x", ...args], { cwd }), code);
    const inception = (file: string, ...args: string[]) => say(1, "--inception", file, ...args);
    assertStringIncludes(await say(2, "--statistics", "s.npz"), "give --inception FILE, too");
    assertStringIncludes(await say(2, "--save-statistics", "s.npz"), "give --inception FILE, too");
    assertStringIncludes(await inception("w.pth"), "PyTorch file; convert it once with: python3");
    assertStringIncludes(
      await inception("w.safetensors"),
      "as Inception weights: it does not begin",
    );
    assertStringIncludes(await inception("missing"), "Cannot read Inception weights missing");
    assertStringIncludes(
      await inception("ok.safetensors", "--statistics", "s.npz"),
      "Cannot use statistics s.npz: it is not an .npz file",
    );
    assertStringIncludes(
      await inception("ok.safetensors"),
      "it lacks the tensor Conv2d_1a_3x3.conv.weight; it must be made from",
    );
  });
});
