import { assertEquals } from "@std/assert";
import { decodeClip } from "../../src/data/decode_clip.ts";
import type { PictureConfig } from "../../src/model/example.ts";
import { decode } from "fast-png";
import { animatedGif } from "../../src/picture/animated_gif.ts";
import { labelledGridPng } from "../../src/picture/labelled_grid.ts";
import { gridPixels, gridPng, imageBytes, imagePng } from "../../src/picture/pictures.ts";
import { rgb } from "../helpers/rgb.ts";

/** Images of 2x2, each of one color. */
function plain(...colours: [number, number, number][]): Float32Array {
  return new Float32Array(colours.flatMap((rgb) => rgb.flatMap((value) => Array(4).fill(value))));
}

Deno.test("gridPng() maps -1 to 1 to 0 to 255, and clips beyond", () => {
  const images = plain([0, 0, 0], [-1, 0, 1], [-1.5, 1.5, 0.5]);
  const pixel = (index: number) => [...decode(imagePng(images, index, rgb(2))).data.slice(0, 3)];
  assertEquals(pixel(1), [0, 128, 255]);
  assertEquals(pixel(2), [0, 255, 191]);
});

Deno.test("imagePng() keeps a pixel's place", () => {
  const image = new Float32Array(12).fill(-1);
  image[4 + 1] = 1; // green, first row, second column
  const bytes = [...decode(imagePng(image, 0, rgb(2))).data];
  assertEquals(bytes, [0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("gridPng() is nearly square, row by row, with white between", () => {
  const images = plain([-1, -1, -1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1], [0, 0, 0]);
  const { width, height, data } = decode(gridPng(images, rgb(2)));
  assertEquals([width, height], [3 * 4 + 2, 2 * 4 + 2]);
  const at = (
    x: number,
    y: number,
  ) => [...data.slice(3 * (y * width + x), 3 * (y * width + x) + 3)];
  assertEquals(at(0, 0), [255, 255, 255]);
  assertEquals(at(2, 2), [0, 0, 0]);
  assertEquals(at(7, 3), [255, 0, 0]);
  assertEquals(at(4, 3), [255, 255, 255]);
  assertEquals(at(10, 2), [0, 255, 0]);
  assertEquals(at(2, 6), [0, 0, 255]);
  assertEquals(at(6, 6), [128, 128, 128]);
  assertEquals(at(10, 6), [255, 255, 255]);
});

Deno.test("imagePng() and gridPng() write gray and opacity, at sides that differ", () => {
  for (const channels of [1, 3, 4] as const) {
    const picture: PictureConfig = { imageSize: "3x2", channels };
    const images = Float32Array.from({ length: 2 * 6 * channels }, (_, i) => i / 255 * 2 - 1);
    const one = decode(imagePng(images, 1, picture));
    assertEquals([one.width, one.height, one.channels], [3, 2, channels]);
    // Pixel by pixel, what was plane by plane.
    const at = (p: number, c: number) => 6 * (channels + c) + p;
    const bytes = Array.from(
      { length: 6 },
      (_, p) => Array.from({ length: channels }, (_, c) => at(p, c)),
    ).flat();
    assertEquals([...one.data], bytes);
    assertEquals([...imageBytes(images, 1, picture)], bytes);
    const grid = decode(gridPng(images, picture));
    assertEquals([grid.width, grid.height, grid.channels], [2 * 5 + 2, 4 + 2, channels]);
    const second = (2 * grid.width + 7) * channels;
    assertEquals([...grid.data.slice(second, second + 3 * channels)], bytes.slice(0, 3 * channels));
    const white = new Float32Array(images.length).fill(1);
    const labelled = decode(labelledGridPng(white, picture, ["a", "b"], { columns: 2 }));
    assertEquals(labelled.channels, channels);
    const letters = Array.from(
      { length: labelled.data.length / channels },
      (_, p) => labelled.data.slice(channels * p, channels * (p + 1)).join(),
    );
    const black = { 1: "0", 3: "0,0,0", 4: "0,0,0,255" }[channels];
    assertEquals(new Set(letters), new Set([Array(channels).fill(255).join(), black]));
  }
});

Deno.test("animatedGif() repeats gray, and puts what is transparent on white", () => {
  const gif = (channels: 1 | 4, values: number[]) => {
    const images = Float32Array.from(values, (value) => value / 127.5 - 1);
    const frame = gridPixels(images, { imageSize: 1, channels });
    const { width, data } = decodeClip(animatedGif([frame], { milliseconds: 50 }));
    const at = 3 * (2 * width + 2);
    return [...data.slice(at, at + 3)];
  };
  assertEquals(gif(1, [0]), [0, 0, 0]);
  assertEquals(gif(4, [248, 0, 0, 255]).map((value) => value > 128), [true, false, false]);
  assertEquals(gif(4, [0, 0, 0, 0]), [255, 255, 255]);
});
