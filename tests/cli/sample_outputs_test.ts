// What rin sample writes, repeats and resumes.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decode, decodeApng } from "fast-png";
import { unzipSync } from "fflate";
import { imagePng } from "../../src/picture/pictures.ts";
import { deviceIn } from "../../src/picture/record.ts";
import { withFolder, write } from "../data/scratch.ts";
import { available } from "../helpers/gpu.ts";
import { smallNet } from "../helpers/small_net.ts";
import { complaint, rin } from "./rin.ts";
import { rgb } from "../helpers/rgb.ts";

function outputTest(name: string, fn: (cwd: string) => Promise<void>): void {
  Deno.test({
    name: `rin sample ${name}`,
    fn: () =>
      withFolder(async (cwd) => {
        await write(`${cwd}/net.safetensors`, smallNet(1));
        await fn(cwd);
      }),
  });
}

async function run(cwd: string, ...args: string[]) {
  const found = await rin(["sample", ...args], { cwd });
  assertEquals(found.code, 0, found.stderr);
  return found;
}
const NET = ["--checkpoint", "net.safetensors", "--steps", "3"];

outputTest("--like draws the same file again, from a folder's image or a grid", async (cwd) => {
  await run(cwd, ...NET, "--count", "3", "--seed", "7", "--sampler", "heun", "--out", "a");
  await run(cwd, "--like", "a/000002.png", "--out", "again.png");
  const bytes = await Deno.readFile(`${cwd}/a/000002.png`);
  assertEquals(await Deno.readFile(`${cwd}/again.png`), bytes);
  const record = JSON.parse(decode(bytes).text.rin);
  assertEquals([record.seed, record.steps, record.sampler, record.index], [7, 3, "heun", 2]);
  assertEquals(record.checkpoint.length, 64);

  await run(cwd, ...NET, "--count", "2", "--out", "g.png");
  await run(cwd, "--like", "g.png", "--out", "h.png");
  assertEquals(await Deno.readFile(`${cwd}/h.png`), await Deno.readFile(`${cwd}/g.png`));

  await write(`${cwd}/other.safetensors`, smallNet(2));
  const other = await rin(["sample", "--like", "g.png", "--checkpoint", "other.safetensors"], {
    cwd,
  });
  assertStringIncludes(complaint(other), "it was made with a checkpoint of sha-256");
  await Deno.remove(`${cwd}/net.safetensors`);
  const none = await rin(["sample", "--like", "g.png"], { cwd });
  assertStringIncludes(complaint(none), "beside the picture or in runs/, nor in ");
});

outputTest(
  "--like finds the checkpoint where it was, or in runs/, from the picture alone",
  async (cwd) => {
    await Deno.mkdir(`${cwd}/kept/away`, { recursive: true });
    await Deno.rename(`${cwd}/net.safetensors`, `${cwd}/kept/away/net.safetensors`);
    await run(cwd, "kept/away/net.safetensors", "--steps", "3", "--count", "2", "--out", "images");
    const like = ["--like", "images/000001.png", "--out", "again.png"];
    await run(cwd, ...like);
    const same = await Deno.readFile(`${cwd}/images/000001.png`);
    assertEquals(await Deno.readFile(`${cwd}/again.png`), same);
    // On another machine, or without what was kept.
    await Deno.remove(`${cwd}/.cache`, { recursive: true });
    await Deno.remove(`${cwd}/again.png`);
    complaint(await rin(["sample", ...like], { cwd }));
    await Deno.mkdir(`${cwd}/runs/pets`, { recursive: true });
    await Deno.rename(`${cwd}/kept/away/net.safetensors`, `${cwd}/runs/pets/last.safetensors`);
    await run(cwd, ...like);
    assertEquals(await Deno.readFile(`${cwd}/again.png`), same);
  },
);

outputTest(
  "--like accepts an exact copy of the checkpoint, but no rounded one",
  async (cwd) => {
    await run(cwd, ...NET, "--count", "1", "--out", "a.png");
    for (const dtype of ["f32", "f16"]) {
      const out = ["--dtype", dtype, "--out", `site/${dtype}.safetensors`];
      await Deno.mkdir(`${cwd}/site`, { recursive: true });
      assertEquals((await rin(["export", "net.safetensors", ...out], { cwd })).code, 0);
    }
    const same = await Deno.readFile(`${cwd}/a.png`);
    await run(cwd, "--like", "a.png", "--checkpoint", "site/f32.safetensors", "--out", "b.png");
    assertEquals(await Deno.readFile(`${cwd}/b.png`), same);
    // And the other way round, found by itself.
    await run(cwd, ...NET.with(1, "site/f32.safetensors"), "--count", "1", "--out", "c.png");
    assertEquals(await Deno.readFile(`${cwd}/c.png`), same);
    await Deno.remove(`${cwd}/net.safetensors`);
    await Deno.rename(`${cwd}/a.png`, `${cwd}/site/a.png`);
    await run(cwd, "--like", "site/a.png", "--out", "d.png");
    assertEquals(await Deno.readFile(`${cwd}/d.png`), same);
    const rounded = ["--like", "site/a.png", "--checkpoint", "site/f16.safetensors"];
    assertStringIncludes(
      complaint(await rin(["sample", ...rounded], { cwd })),
      "it was made with a checkpoint of sha-256",
    );
  },
);

outputTest("resumes a folder, and keeps whole pictures with the same settings", async (cwd) => {
  const args = [...NET, "--count", "4", "--out", "a"];
  await run(cwd, ...args);
  const read = (i: number) => Deno.readFile(`${cwd}/a/00000${i}.png`);
  const made = await Promise.all([0, 1, 2, 3].map(read));
  await Deno.remove(`${cwd}/a/000001.png`);
  await write(`${cwd}/a/000003.png`, made[3].subarray(0, 100));
  const { stdout, stderr } = await run(cwd, ...args);
  assertStringIncludes(stdout, "Wrote 2 images");
  assertStringIncludes(stderr, "2 of 4 images are there already");
  for (let i = 0; i < 4; i++) assertEquals(await read(i), made[i]);
  const more = await run(cwd, ...args, "--count", "6");
  assertStringIncludes(more.stdout, "Wrote 2 images");
  assertStringIncludes(
    (await run(cwd, ...args, "--seed", "1", "--force")).stdout,
    "Wrote 4 images",
  );
});

Deno.test({
  name: "rin sample records the device in a PNG, and resumes on another one",
  ignore: !available,
  fn: () =>
    withFolder(async (cwd) => {
      await write(`${cwd}/net.safetensors`, smallNet(1));
      const args = [...NET, "--out", "a"];
      await run(cwd, ...args, "--count", "1", "--device", "cpu");
      const more = await run(cwd, ...args, "--count", "2", "--device", "gpu");
      assertStringIncludes(more.stderr, "1 of 2 images are there already");
      const deviceOf = async (path: string) => deviceIn(await Deno.readFile(`${cwd}/${path}`));
      assertMatch((await deviceOf("a/000000.png"))!, /^cpu (fused|exact)$/);
      assertMatch((await deviceOf("a/000001.png"))!, /^webgpu ./);
      await run(cwd, "--like", "a/000001.png", "--device", "cpu", "--out", "b.png");
      assertEquals(await deviceOf("b.png"), await deviceOf("a/000000.png"));
      const [gpu, cpu] = await Promise.all(["a/000001.png", "b.png"].map(async (path) => {
        return decode(await Deno.readFile(`${cwd}/${path}`)).data;
      }));
      assert(cpu.every((value, i) => Math.abs(value - gpu[i]) <= 2));
    }),
});

outputTest("writes the same images as npz, filmstrip, and animation", async (cwd) => {
  const args = [...NET, "--count", "2"];
  await run(cwd, ...args, "--out", "a");
  await run(cwd, ...args, "--out", "a.npz", "--batch-size", "1");
  const images = unzipSync(await Deno.readFile(`${cwd}/a.npz`))["arr_0.npy"].slice(-2 * 768);
  const single = await Promise.all([0, 1].map(async (i) => {
    return decode(await Deno.readFile(`${cwd}/a/00000${i}.png`)).data;
  }));
  assertEquals([...images], [...single[0], ...single[1]]);

  await run(cwd, ...args, "--frames", "3", "--out", "f.png");
  const strip = decode(await Deno.readFile(`${cwd}/f.png`));
  assertEquals([strip.width, strip.height], [3 * 18 + 2, 2 * 18 + 2]);
  const last = (row: number) =>
    Array.from({ length: 16 }, (_, y) => {
      const at = 3 * ((2 + 18 * row + y) * strip.width + 2 + 36);
      return [...strip.data.slice(at, at + 48)];
    }).flat();
  assertEquals(last(0), [...single[0]]);
  assertEquals(last(1), [...single[1]]);

  await run(cwd, ...args, "--out", "f.apng", "--batch-size", "1");
  assertEquals(decodeApng(await Deno.readFile(`${cwd}/f.apng`)).numberOfFrames, 3);
});

outputTest("writes a folder's files into a tar, and resumes it", async (cwd) => {
  const args = [...NET, "--count", "3"];
  await run(cwd, ...args, "--out", "a");
  const made = await Promise.all([0, 1, 2].map((i) => Deno.readFile(`${cwd}/a/00000${i}.png`)));
  await run(cwd, ...args, "--out", "a.tar");
  const bytes = await Deno.readFile(`${cwd}/a.tar`);
  let at = 0;
  for (const file of made) {
    assertEquals(bytes.slice(at + 512, at + 512 + file.length), file);
    at += 512 + Math.ceil(file.length / 512) * 512;
  }
  // As a stop within the second image leaves it, and in other batches.
  await write(`${cwd}/a.tar.partial`, bytes.slice(0, at / 2));
  const { stderr } = await run(cwd, ...args, "--out", "a.tar", "--batch-size", "1");
  assertStringIncludes(stderr, "Continuing after 1 of 3 images in a.tar.partial");
  assertEquals(await Deno.readFile(`${cwd}/a.tar`), bytes);

  await write(`${cwd}/a.tar.partial`, bytes.slice(0, at / 2));
  await Deno.remove(`${cwd}/a.tar`);
  const other = await rin(["sample", ...args, "--seed", "1", "--out", "a.tar"], { cwd });
  assertStringIncludes(complaint(other), "was started with other settings");
});

outputTest(
  "accepts any folder name, and refuses what it can't write before it draws",
  async (cwd) => {
    await run(cwd, ...NET, "--count", "1", "--out", "v1.5/");
    await Deno.stat(`${cwd}/v1.5/000000.png`);
    for (const out of ["a.jpg", "a.tar.gz"]) {
      const found = await rin(["sample", ...NET, "--count", "1", "--out", out], { cwd });
      assertStringIncludes(complaint(found, 2), `Cannot write ${out}: --out is a .png`);
      assert(!found.stderr.includes("1/3"), "before anything is made");
    }
  },
);

outputTest("begins from a picture, with mask, strength, or two seeds interpolated", async (cwd) => {
  const pixels = Float32Array.from({ length: 768 }, (_, i) => Math.sin(i / 30));
  await write(`${cwd}/p.png`, imagePng(pixels, 0, rgb(16)));
  const half = Float32Array.from({ length: 768 }, (_, i) => i % 16 < 8 ? 1 : -1);
  await write(`${cwd}/m.png`, imagePng(half, 0, rgb(16)));
  const one = [...NET, "--count", "1", "--image", "p.png"];
  const data = async (name: string) => decode(await Deno.readFile(`${cwd}/${name}`)).data;
  const picture = await data("p.png");
  await run(cwd, ...one, "--strength", "0", "--out", "s.png");
  assertEquals(await data("s.png"), picture);
  await run(cwd, ...one, "--mask", "m.png", "--out", "i.png");
  const painted = await data("i.png");
  const changed = painted.filter((v, i) => Math.floor(i / 3) % 16 < 8 && v !== picture[i]);
  const kept = painted.filter((v, i) =>
    Math.floor(i / 3) % 16 >= 8 && Math.abs(v - picture[i]) <= 1
  );
  assert(changed.length > 300);
  assertEquals(kept.length, 384);
  const unlike = await rin(["sample", "--like", "i.png", "--image", "m.png"], { cwd });
  assertStringIncludes(complaint(unlike), "it was made from another image");
  const alone = await rin(["sample", ...NET, "--mask", "m.png"], { cwd });
  assertStringIncludes(complaint(alone, 2), "--mask needs --image");

  await run(cwd, ...NET, "--count", "3", "--interpolate", "4,9", "--out", "t");
  await run(cwd, ...NET, "--count", "1", "--seed", "9", "--out", "e");
  assertEquals(await data("t/000002.png"), await data("e/000000.png"));
});
