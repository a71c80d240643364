// Pictures and masks that sampling begins from, for networks of other channels and sides.

import { assertEquals } from "@std/assert";
import { decodeImage } from "../../src/data/decode_image.ts";
import { decodeGiven, maskOf } from "../../src/data/given_picture.ts";
import { exampleSize } from "../../src/model/example.ts";
import { byFrame, clipPng } from "../../src/picture/clips.ts";
import { byteOf, imagePng } from "../../src/picture/pictures.ts";
import { rgb } from "../helpers/rgb.ts";
import { writePng } from "./png_writer.ts";

Deno.test("decodeGiven() gives a picture the network's channels, and a mask three", async () => {
  const samples = [255, 0, 0, 255, 0, 0, 0, 0];
  const file = await writePng({ width: 2, height: 1, depth: 8, colourType: 6, samples });
  const given = (what: "image" | "mask", channels: 1 | 3 | 4, frames = 1) =>
    decodeGiven(file, what, { imageSize: "2x1", channels, frames, contextFrames: 0 }, decodeImage);
  assertEquals([...given("image", 4)], [1, 1, -1, 1, -1, 1, 1, -1]);
  assertEquals([...given("image", 3)], [1, 1, -1, 1, -1, 1]);
  assertEquals([...given("image", 1)].map((value) => Math.round(value * 127.5 + 127.5)), [76, 255]);
  for (const channels of [1, 3, 4] as const) {
    const mask = maskOf(given("mask", channels));
    assertEquals([...mask].map((value) => Math.round(3 * value)), [1, 3]);
    assertEquals([...maskOf(given("mask", channels, 2))].length, 4);
  }
});

Deno.test("decodeGiven() takes the first frame of a clip where a network sees one", () => {
  const size = { ...rgb(4), frames: 3 };
  const clip = Float32Array.from({ length: exampleSize(size) }, (_, i) => i % 7 / 3.5 - 1);
  const config = { ...size, frames: 4, contextFrames: 1 };
  const found = decodeGiven(clipPng(clip, size), "context", config, decodeImage);
  const still = decodeGiven(
    imagePng(byFrame(clip, size)[0], 0, size),
    "context",
    config,
    decodeImage,
  );
  assertEquals(found.length, 3 * 16);
  assertEquals(found, still);
  assertEquals([...found].map(byteOf), [...byFrame(clip, size)[0]].map(byteOf));
});
