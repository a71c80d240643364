// Configs: the defaults, and an error for each thing that can't be.

import { assertEquals, assertThrows } from "@std/assert";
import { exampleShape, patchFeatures, tokenGrid } from "../../src/model/example.ts";
import { parseSchedule } from "../../src/diffusion/schedule.ts";
import {
  blockDepths,
  completeConfig,
  ConfigError,
  DEFAULT_CONFIG,
  type RinConfig,
} from "../../src/model/config.ts";

Deno.test("completeConfig() fills in the defaults, and keeps what is given", () => {
  assertEquals(completeConfig({}), DEFAULT_CONFIG);
  assertEquals(completeConfig(DEFAULT_CONFIG), DEFAULT_CONFIG);
  const config = completeConfig({ imageSize: 64, prediction: "v", numHeads: undefined });
  assertEquals(config, { ...DEFAULT_CONFIG, imageSize: 64, prediction: "v" });
});

Deno.test("completeConfig() derives read and write heads, and blocks from a list of depths", () => {
  assertEquals(completeConfig({ numHeads: 2 }).readWriteHeads, 2);
  assertEquals(completeConfig({ numHeads: 2, readWriteHeads: 8 }).readWriteHeads, 8);
  const listed = completeConfig({ blockDepth: [4, 1, 2] });
  assertEquals([listed.numBlocks, blockDepths(listed)], [3, [4, 1, 2]]);
  assertEquals(completeConfig(listed), listed);
  assertEquals(blockDepths(completeConfig({ numBlocks: 3, blockDepth: 2 })), [2, 2, 2]);
});

Deno.test("completeConfig() keeps sides that differ, and makes squares one number", () => {
  assertEquals(completeConfig({ imageSize: "64x96" }).imageSize, "64x96");
  assertEquals(completeConfig({ imageSize: "64x64" }).imageSize, 64);
  const config = completeConfig({ imageSize: "64x96", frames: 4, channels: 4, patchFrames: 2 });
  assertEquals(exampleShape(config), [4, 4, 96, 64]);
  assertEquals([tokenGrid(config), patchFeatures(config)], [[2, 12, 8], 4 * 2 * 8 * 8]);
});

const refused: [name: string, config: Record<string, unknown>, message: string][] = [
  [
    "an unknown field",
    { image_size: 32 },
    'Unknown config field "image_size": did you mean imageSize?',
  ],
  ["an inherited name", { toString: 1 }, 'Unknown config field "toString"'],
  ["no pixels", { imageSize: 0 }, "imageSize is 0: expected a whole number from 1 to 65536"],
  ["no height", { imageSize: "64x0" }, "imageSize is 64x0: expected a whole number from 1"],
  ["half a size", { imageSize: "64x" }, "or two as WIDTHxHEIGHT, such as 64x96"],
  ["half a pixel", { imageSize: 32.5 }, "imageSize is 32.5: expected a whole number"],
  ["two channels", { channels: 2 }, "channels is 2: expected 1 (gray), 3 (RGB) or 4"],
  [
    "patches that don't fit the height",
    { imageSize: "64x36", patchSize: 8 },
    "imageSize 64x36 is not divisible by patchSize 8: use a patchSize of 1, 2, 4",
  ],
  ["half a head", { numHeads: 1.5 }, "numHeads is 1.5: expected a whole number"],
  ["text for a number", { numLatents: "16" }, 'numLatents is "16": expected a whole number'],
  ["null", { numBlocks: null }, "numBlocks is null: expected a whole number"],
  ["not a number", { blockDepth: NaN }, "blockDepth is NaN: expected a whole number"],
  ["far too many", { latentDim: 65540 }, "latentDim is 65540: expected a whole number"],
  ["negative", { interfaceDim: -4 }, "interfaceDim is -4: expected a whole number"],
  [
    "patches that don't fit",
    { imageSize: 32, patchSize: 5 },
    "imageSize 32 is not divisible by patchSize 5: use a patchSize of 1, 2, 4, 8, 16",
  ],
  [
    "patches that don't fit the frames",
    { frames: 6, patchFrames: 4 },
    "frames 6 is not divisible by patchFrames 4: use a patchFrames of 1, 2, 3",
  ],
  [
    "patches of more frames than there are",
    { patchFrames: 2 },
    "frames 1 is not divisible by patchFrames 2: use a patchFrames of 1",
  ],
  ["no frames", { frames: 0 }, "frames is 0: expected a whole number from 1 to 65536"],
  [
    "heads that don't divide the latents",
    { latentDim: 12, interfaceDim: 16, numHeads: 8 },
    "numHeads 8 does not divide latentDim 12: use 1, 2, 3, 4, 6, 12 heads",
  ],
  [
    "heads that don't divide the interface",
    { latentDim: 32, interfaceDim: 20, numHeads: 8 },
    "numHeads 8 does not divide interfaceDim 20: use 1, 2, 4, 5, 10, 20 heads",
  ],
  [
    "heads that don't divide the width that is written",
    { interfaceDim: 36, readWriteHeads: 8 },
    "readWriteHeads 8 does not divide interfaceDim 36: use 1, 2, 3, 4, 6",
  ],
  [
    "a list of another length than the blocks",
    { blockDepth: [2, 2, 2], numBlocks: 2 },
    "blockDepth lists 3 blocks (2,2,2) and numBlocks is 2: give the list alone",
  ],
  [
    "no depth in a list",
    { blockDepth: [2, 0] },
    "blockDepth is [2,0]: expected a whole number from 1 to 65536, or a list of these",
  ],
  ["an empty list", { blockDepth: [] }, "blockDepth is []: expected"],
  [
    "no latents beside the tokens",
    { numLatents: 2, timeConditioning: "token", numClasses: 5 },
    "numLatents is 2: expected more than the 2 that are the tokens of time and class",
  ],
  ["half a class", { numClasses: 2.5 }, "numClasses is 2.5: expected a whole number from 0"],
  ["no ratio", { latentMlpRatio: 0 }, "latentMlpRatio is 0: expected a whole number from 1 to 64"],
  ["another ratio", { interfaceMlpRatio: 65 }, "interfaceMlpRatio is 65"],
  [
    "another time",
    { timeConditioning: "film" },
    'timeConditioning is "film": expected "add" or "token"',
  ],
  [
    "another self-conditioning",
    { selfConditioning: "none" },
    'selfConditioning is "none": expected "latents", "interface" or "both"',
  ],
  [
    "other positions",
    { positions: "rope" },
    'positions is "rope": expected "learned", "sincos" or "stretched"',
  ],
  [
    "another prediction",
    { prediction: "noise" },
    'prediction is "noise": expected "eps", "x0" or "v"',
  ],
];

for (const [name, config, message] of refused) {
  Deno.test(`completeConfig() refuses ${name}`, () => {
    assertThrows(() => completeConfig(config as Partial<RinConfig>), ConfigError, message);
  });
}

Deno.test("completeConfig() refuses unknown schedules", () => {
  const names = [
    "quadratic",
    "",
    "Cosine",
    "constructor",
    "sigmoid()",
    "sigmoid(1,2)",
    "sigmoid(1,2,3,4)",
    "sigmoid(-3,3,0)",
    "sigmoid(-3,3,-1)",
    "sigmoid(-3,3,x)",
    "sigmoid(1,1,1)",
    "cosine(0,2,1)",
    "linear(0,1,1)",
    "toString(0,1,1)",
  ];
  for (const name of names) {
    assertThrows(() => parseSchedule(name), ConfigError, `Unknown schedule "${name}": use linear`);
  }
});
