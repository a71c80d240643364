// Clips from the command line: training on a folder of them, and what sampling writes.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decode, decodeApng, encode } from "fast-png";
import { unzipSync } from "fflate";
import { decodeClip } from "../../src/data/decode_clip.ts";
import { animatedGif } from "../../src/picture/animated_gif.ts";
import { byFrame, clipPng } from "../../src/picture/clips.ts";
import { gridPixels, imagePng } from "../../src/picture/pictures.ts";
import { withFolder, write } from "../data/scratch.ts";
import { movingShape } from "../helpers/moving_shapes.ts";
import { smallNet } from "../helpers/small_net.ts";
import { complaint, lastStep, metrics, rin, TINY } from "./rin.ts";
import { traces } from "../run/small_run.ts";
import { rgb } from "../helpers/rgb.ts";

const FRAMES = 4;
const CLIPS = ["--frames", "4", "--patch-frames", "2", "--positions", "sincos"];

function clipTest(name: string, fn: (cwd: string) => Promise<void>): void {
  Deno.test({ name: `clips: ${name}`, fn: () => withFolder(fn) });
}

/** Eight clips of all three kinds in two classes, and one that is too short. */
async function writeClips(folder: string): Promise<void> {
  for (let i = 0; i < 9; i++) {
    const size = { imageSize: 16, channels: 3, frames: i === 8 ? 3 : 5 + i } as const;
    const clip = movingShape(i, size.frames, 16);
    const frames = byFrame(clip, size);
    const path = `${folder}/${i % 2 ? "odd" : "even"}/${i}`;
    if (i % 3 === 0) {
      await write(
        `${path}.gif`,
        animatedGif(frames.map((f) => gridPixels(f, rgb(16))), { milliseconds: 50 }),
      );
    } else if (i % 3 === 1) {
      await write(`${path}.png`, clipPng(clip, size));
    } else {
      for (const [t, frame] of frames.entries()) {
        await write(`${path}/${t}.png`, imagePng(frame, 0, rgb(16)));
      }
    }
  }
}

/** An untrained network of clips of 16x16. */
const network = smallNet(1, { frames: FRAMES, patchFrames: 2, positions: "sincos" });

const NET = ["sample", "--checkpoint", "net.safetensors", "--steps", "3", "--count", "2"];

async function run(cwd: string, args: readonly string[]) {
  const found = await rin(args, { cwd });
  assertEquals(found.code, 0, found.stderr);
  return found;
}

clipTest(
  "rin train resumes a folder of clips with identical bits, and its grids move",
  async (cwd) => {
    await writeClips(`${cwd}/set`);
    const options = [
      "--labels",
      "auto",
      "--flip",
      "--crop-scale",
      "1.25",
      "--valid-fraction",
      "0.6",
    ];
    const args = ["train", ...TINY, ...CLIPS, "--data", "set", ...options];
    const every = ["--valid-every", "2", "--sample-every", "3", "--save-every", "1"];
    const { stderr } = await run(cwd, [...args, ...every, "--steps", "6", "--out", "whole"]);
    assertStringIncludes(stderr, "Skipped even/8: it has 3 frames, where 4 frames are taken");
    assertStringIncludes(stderr, "Clips of 4 frames or more: 6 to train on, 2 to validate on (");
    assertStringIncludes(stderr, "Classes: 2 (even, odd)");
    await run(cwd, [...args, ...every, "--steps", "3", "--out", "parts", "--quiet"]);
    await run(cwd, ["train", "--resume", "parts", "--steps", "6", "--quiet"]);
    const [parts, whole] = await Promise.all(
      ["parts", "whole"].map((run) => traces(`${cwd}/${run}`)),
    );
    const last = "last.safetensors";
    assertEquals(
      (parts[last] as { tensors: unknown }).tensors,
      (whole[last] as { tensors: unknown }).tensors,
    );
    assertEquals(
      (await metrics(`${cwd}/parts`)).map(({ step, loss, validLoss }) => [step, loss, validLoss])
        .filter(([step]) => step !== 3),
      (await metrics(`${cwd}/whole`)).map(({ step, loss, validLoss }) => [step, loss, validLoss])
        .filter(([step]) => step !== 3),
    );
    const grid = decodeApng(await Deno.readFile(`${cwd}/whole/samples/step-000006.png`));
    // Five clips in a grid of 3 x 2, two pixels apart.
    assertEquals([grid.numberOfFrames, grid.width, grid.height], [FRAMES, 3 * 18 + 2, 2 * 18 + 2]);
    assert(grid.frames[0].data.some((value, i) => value !== grid.frames[3].data[i]));
    assertEquals(parts["samples/step-000006.png"], whole["samples/step-000006.png"]);
    const report = await Deno.readTextFile(`${cwd}/whole/report.html`);
    assertStringIncludes(report, "A RIN of 16 pixels, clips of 4 frames");

    const about = await run(cwd, ["info", "whole"]);
    assertStringIncludes(about.stdout, "FLOP a pass and clip");
    const measured = await run(cwd, ["eval", "whole", "--levels", "3"]);
    assertStringIncludes(measured.stdout, "Loss by noise level, 2 held-out clips:");
    assertStringIncludes(measured.stderr, "rin eval measures only its loss by noise level");
    const asked = await rin(["eval", "whole", "--count", "4"], { cwd });
    assertStringIncludes(complaint(asked, 2), "only for networks of images");
    const other = await rin(["train", "--resume", "whole", "--frame-stride", "2"], { cwd });
    assertStringIncludes(complaint(other, 2), "--frame-stride can't be given with --resume");
  },
);

clipTest(
  "rin train uses a prepared file as it uses the folder, and rin data describes it",
  async (cwd) => {
    await writeClips(`${cwd}/set`);
    const prepared = await run(cwd, ["data", "prepare", "set", "--clips", "--image-size", "16"]);
    assertStringIncludes(prepared.stdout, "set-16px.rindata: 9 clips with 71 frames of 16x16, ");
    assertStringIncludes(prepared.stderr, "train --preset clips --data set-16px.rindata");
    const { stdout } = await run(cwd, ["data", "check", "set-16px.rindata"]);
    assertStringIncludes(stdout, "every clip matches its hash");
    const args = ["train", ...TINY, ...CLIPS, "--frame-stride", "2", "--steps", "3", "--quiet"];
    for (const data of ["set", "set-16px.rindata"]) {
      await run(cwd, [...args, "--data", data, "--out", `of-${data}`]);
    }
    const losses = async (data: string) =>
      (await metrics(`${cwd}/of-${data}`)).map((
        { step, loss, validLoss },
      ) => [step, loss, validLoss]);
    assertEquals(await losses("set-16px.rindata"), await losses("set"));
    assertEquals(await lastStep(`${cwd}/of-set`), 3);
  },
);

clipTest(
  "rin sample writes the same clips as animated PNG, GIF, filmstrip, folder, and archive",
  async (cwd) => {
    await write(`${cwd}/net.safetensors`, network);
    assertStringIncludes(
      (await run(cwd, NET)).stdout,
      "Wrote an animation of 2 clips in 4 frames of 16x16 to samples.apng",
    );
    await run(cwd, [...NET, "--out", "a"]);
    await run(cwd, [...NET, "--out", "a.npz", "--batch-size", "1"]);
    await run(cwd, [...NET, "--out", "a.png"]);
    await run(cwd, [...NET, "--out", "a.gif"]);
    const npy = unzipSync(await Deno.readFile(`${cwd}/a.npz`))["arr_0.npy"];
    assertStringIncludes(new TextDecoder().decode(npy.subarray(0, 100)), "(2, 4, 16, 16, 3)");
    const archived = npy.slice(-2 * FRAMES * 768);
    const clips = await Promise.all([0, 1].map(async (i) => {
      return decodeClip(await Deno.readFile(`${cwd}/a/00000${i}.apng`));
    }));
    assertEquals(clips.map(({ frames }) => frames), [FRAMES, FRAMES]);
    assertEquals([...archived], clips.flatMap(({ data }) => [...data]));

    /** The pixels of a cell of a grid of pictures. */
    const cell = (data: ArrayLike<number>, width: number, row: number, column: number) =>
      Array.from({ length: 16 }, (_, y) => {
        const at = 3 * ((2 + 18 * row + y) * width + 2 + 18 * column);
        return Array.from({ length: 48 }, (_, i) => data[at + i]);
      }).flat();
    const strip = decode(await Deno.readFile(`${cwd}/a.png`));
    assertEquals([strip.width, strip.height], [4 * 18 + 2, 2 * 18 + 2]);
    const grid = decodeClip(await Deno.readFile(`${cwd}/samples.apng`));
    const gif = decodeClip(await Deno.readFile(`${cwd}/a.gif`));
    assertEquals([grid.frames, grid.width, gif.frames, gif.width], [FRAMES, 38, FRAMES, 38]);
    let worst = 0;
    for (let t = 0; t < FRAMES; t++) {
      for (let i = 0; i < 2; i++) {
        const frame = [...clips[i].data.subarray(t * 768, (t + 1) * 768)];
        assertEquals(cell(strip.data, strip.width, i, t), frame);
        const from = t * grid.width * grid.height * 3;
        assertEquals(cell(grid.data.subarray(from), 38, 0, i), frame);
        const near = cell(gif.data.subarray(from), 38, 0, i);
        worst = Math.max(worst, near.reduce((sum, v, p) => sum + Math.abs(v - frame[p]), 0) / 768);
      }
    }
    assert(worst < 20, `256 colours are off by ${worst} on average`);

    await run(cwd, ["sample", "--like", "samples.apng", "--out", "again.apng"]);
    const bytes = await Deno.readFile(`${cwd}/samples.apng`);
    assertEquals(await Deno.readFile(`${cwd}/again.apng`), bytes);
    await run(cwd, ["sample", "--like", "a/000001.apng", "--out", "one.apng"]);
    assertEquals(decodeClip(await Deno.readFile(`${cwd}/one.apng`)), clips[1]);
    await Deno.remove(`${cwd}/a/000000.apng`);
    assertStringIncludes((await run(cwd, [...NET, "--out", "a"])).stdout, "Wrote 1 clips");
  },
);

clipTest(
  "rin sample begins from a clip with a still or moving mask, and refuses nonsense",
  async (cwd) => {
    await write(`${cwd}/net.safetensors`, network);
    const size = { imageSize: 16, channels: 3, frames: 6 } as const;
    const clip = movingShape(3, 6, 16);
    await write(`${cwd}/p.apng`, clipPng(clip, size));
    const half = Float32Array.from({ length: 768 }, (_, i) => i % 16 < 8 ? 1 : -1);
    await write(`${cwd}/half.png`, imagePng(half, 0, rgb(16)));
    // The first two frames are kept, and the others made anew.
    const ahead = Float32Array.from(
      { length: 6 * 768 },
      (_, i) => Math.floor(i / 256) % 6 < 2 ? -1 : 1,
    );
    await write(`${cwd}/ahead.png`, clipPng(ahead, size));
    const one = [...NET.slice(0, -1), "1", "--image", "p.apng", "--out"];
    const first = decodeClip(clipPng(clip, size)).data.slice(0, FRAMES * 768);
    const made = async (name: string, ...more: string[]) => {
      await run(cwd, [...one, name, ...more]);
      return decodeClip(await Deno.readFile(`${cwd}/${name}`)).data;
    };
    assertEquals(await made("same.apng", "--strength", "0"), first);
    const changed = (data: Uint8Array, where: (t: number, x: number) => boolean) =>
      data.filter((v, i) =>
        where(Math.floor(i / 768), Math.floor(i / 3) % 16) && Math.abs(v - first[i]) > 1
      ).length;
    const still = await made("still.apng", "--mask", "half.png");
    assertEquals(
      changed(still, (_, x) => x >= 8),
      0,
    );
    assert(changed(still, (_, x) => x < 8) > 600);
    const moving = await made("moving.apng", "--mask", "ahead.png");
    assertEquals(changed(moving, (t) => t < 2), 0);
    assert(changed(moving, (t) => t >= 2) > 800);

    const says = async (code: number, ...args: string[]) =>
      complaint(await rin(args, { cwd }), code);
    assertStringIncludes(
      await says(2, ...NET, "--frames", "5", "--out", "f.apng"),
      "this one draws clips and shows all of their 4 frames; leave it out",
    );
    assertStringIncludes(
      await says(1, ...NET, "--image", "half.png"),
      "it has 1 frame, where the network's clips have 4; give a longer clip",
    );
    await write(
      `${cwd}/still/1.png`,
      encode({ width: 1, height: 1, data: [1, 2, 3], channels: 3 } as never),
    );
    const train = ["train", ...TINY, ...CLIPS, "--out", "r", "--data"];
    assertStringIncludes(await says(1, ...train, "still"), "the longest of its 1 clips has 1");
    assertStringIncludes(await says(1, ...train, "faces"), "its pictures don't move");
    assertStringIncludes(
      await says(1, "train", "--preset", "clips"),
      "comes without clips: give --data",
    );
  },
);
