// `rin attention`: its rows, its files, and the command as a user runs it.

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { decode, decodeApng } from "fast-png";
import { figuresOf, figuresText, stepFigures } from "../../cli/attention/figures.ts";
import { enlargement, heatFile } from "../../cli/attention/film.ts";
import { type HeatRow, heatRows } from "../../cli/attention/rows.ts";
import { CommandError, UsageError } from "../../cli/errors.ts";
import { readRecord } from "../../cli/samples/record.ts";
import type { Reading } from "../../src/diffusion/reading.ts";
import { completeConfig, type RinConfig } from "../../src/model/config.ts";
import { exampleSize } from "../../src/model/example.ts";
import { recordIn } from "../../src/picture/record.ts";
import { heatColor } from "../../src/picture/heat_map.ts";
import { byteOf, GAP, imagePng } from "../../src/picture/pictures.ts";
import { withFolder, write } from "../data/scratch.ts";
import { data } from "../helpers/close.ts";
import { rgb } from "../helpers/rgb.ts";
import { SMALL, smallNet } from "../helpers/small_net.ts";
import { complaint, rin } from "./rin.ts";

const config = completeConfig({ ...SMALL, numBlocks: 2 });

/** A reading in which each row of block b reads one token: b + head + latent. */
function reading(config: RinConfig, done: number): Reading {
  const { numLatents: latents, readWriteHeads: heads, frames } = config;
  const tokens = 16 * frames / config.patchFrames;
  const blocks = [0, 1].map((block) => {
    const weights = new Float32Array(heads * latents * tokens);
    for (let row = 0; row < heads * latents; row++) {
      weights[row * tokens + block + Math.floor(row / latents) + row % latents] = 1;
    }
    return { heads, latents, tokens, weights };
  });
  return { done, image: new Float32Array(exampleSize(config)), blocks };
}

function shown({ done, image, blocks }: Reading, rows: readonly HeatRow[]) {
  return { done, image, maps: rows.map((row) => row.mapOf(blocks)) };
}

Deno.test("heat maps are of blocks, of heads, or of latents", () => {
  const { blocks } = reading(config, 1);
  const found = (...given: Parameters<typeof heatRows> extends [unknown, ...infer G] ? G : never) =>
    heatRows(config, ...given).map(({ word, mapOf }) => {
      const map = [...mapOf(blocks)];
      return [word, map.findIndex((share) => share > 0), 16 * Math.max(...map)];
    });
  // Of eight rows two read the same token at most, of 16 tokens.
  assertEquals(found("block"), [["block 0", 0, 4], ["block 1", 1, 4]]);
  assertEquals(found("block", 1), [["block 1", 1, 4]]);
  assertEquals(found("head", 1), [["block 1, head 0", 1, 4], ["block 1, head 1", 2, 4]]);
  assertEquals(found("latent", 0)[3], ["latent 3", 3, 8]);
  assertEquals(found("latent")[3], ["latent 3", 3, 8]);
  assertEquals(found("head").length, 4);
  const message = "--block is 2: expected 0 to 1, the blocks of this network";
  assertThrows(() => heatRows(config, "block", 2), UsageError, message);
});

Deno.test("a file has a row for each heat map and a column for each step, or moves", () => {
  const rows = heatRows(config, "block");
  const side = 16 * enlargement(config);
  assertEquals(side, 112);
  const file = (out: string, ...readings: Reading[]) =>
    heatFile(
      ...[out, config, readings.map((reading) => shown(reading, rows)), rows] as const,
      ...[{ checkpoint: "c" }, "cpu"] as const,
    );
  const [one, two] = [reading(config, 1), reading(config, 2)];
  const grid = decode(file("a.png", one, two));
  assertEquals(grid.width, 2 * (side + GAP) + GAP);
  const cell = (grid.height - GAP) / 3;
  // The first token gets an eighth of block 0, twice the even share, and nothing of block 1.
  const color = (
    x: number,
    y: number,
    { data, width } = grid,
  ) => [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
  const bytesOf = (share: number) => heatColor(share).map((value) => byteOf(2 * value - 1));
  assertEquals(color(GAP + 5, GAP + 5 + cell), bytesOf(2));
  assertEquals(color(GAP + 5, GAP + 5 + 2 * cell), bytesOf(0));
  const last = decode(file("a.png", two));
  assertEquals([last.width, last.height], [3 * (side + GAP) + GAP, cell + GAP], "one moment");
  const film = file("a.apng", one, two);
  assertEquals(decodeApng(film).frames.length, 2);
  assertEquals(recordIn(film), { checkpoint: "c" });
  assertEquals(new TextDecoder().decode(file("a.gif", one, two).subarray(0, 6)), "GIF89a");

  const clips = { ...config, frames: 4, patchFrames: 2 };
  const clip = decode(
    heatFile("c.png", clips, [shown(reading(clips, 9), rows)], rows, { checkpoint: "c" }, "cpu"),
  );
  assertEquals([clip.width, clip.height], [4 * (side + GAP) + GAP, 3 * cell + GAP], "its frames");
  // Of 32 tokens, the first 16 belong to the first two frames.
  const at = (frame: number) => GAP + 5 + frame * (side + GAP);
  assertEquals(color(at(1), GAP + 5 + cell, clip), bytesOf(4));
  assertEquals(color(at(2), GAP + 5 + cell, clip), bytesOf(0));
});

Deno.test("figures have a row for each block and a column for each step", () => {
  const figures = figuresOf(config, [stepFigures(reading(config, 5))]);
  assertEquals(figures.even, { entropy: 4, coverage: 0.5 });
  // Eight rows over five tokens, 1 2 2 2 1: the two largest get half.
  assertEquals(figures.steps, [{
    step: 5,
    blocks: Array(2).fill({ entropy: 0, coverage: 2 / 16 }),
  }]);
  assertStringIncludes(figuresText(figures), "block 1     13%   50%");
});

Deno.test("rin attention draws, keeps what is there, and says what it takes", () =>
  withFolder(async (cwd) => {
    await write(`${cwd}/net.safetensors`, smallNet(1, { numClasses: 3 }));
    await write(`${cwd}/photo.png`, imagePng(Float32Array.from(data(3 * 16 ** 2, 3)), 0, rgb(16)));
    const run = (...args: string[]) => rin(["attention", "net.safetensors", ...args], { cwd });
    const how = ["--device", "cpu", "--steps", "3", "--frames", "2", "--class", "1", "--json"];
    const drawn = await run(...how, "--image", "photo.png");
    assertEquals(drawn.code, 0, drawn.stderr);
    const { out, steps } = JSON.parse(drawn.stdout);
    assertEquals([out, steps.map(({ step }: { step: number }) => step)], ["attention.png", [2, 3]]);
    // At last the picture itself, each pixel as seven.
    const { data: found, width } = decode(await Deno.readFile(`${cwd}/${out}`));
    const photo = decode(await Deno.readFile(`${cwd}/photo.png`)).data;
    const corner = 3 * (GAP * width + 2 * GAP + 16 * enlargement(config));
    assertEquals(found.slice(corner + 21, corner + 24), photo.slice(3, 6));
    const other = complaint(await run(...how, "--seed", "1", "--out", out));
    assertStringIncludes(other, "rin made what is there with other settings");
    const message = "it shows heat maps, which rin attention made";
    await assertRejects(() => readRecord(`${cwd}/${out}`), CommandError, message);
  }));
