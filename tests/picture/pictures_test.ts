import { assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { gridPng, imagePng } from "../../src/picture/pictures.ts";
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
