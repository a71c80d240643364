import { assertEquals } from "@std/assert";
import { decode, decodeApng } from "fast-png";
import { animatedPng, framesOf } from "../../src/picture/animated_png.ts";
import { pngText } from "../../src/picture/png_text.ts";
import { imageBytes, imagePng } from "../../src/picture/pictures.ts";
import { rgb } from "../helpers/rgb.ts";

const images = Float32Array.from({ length: 3 * 3 * 16 }, (_, i) => Math.sin(i));
const frames = [0, 1, 2].map((i) => imagePng(images, i, rgb(4), { rin: `{"i":${i}}` }));

Deno.test("animatedPng() keeps every frame, in order", () => {
  const file = animatedPng(frames, { milliseconds: 80, last: 1000 });
  const found = decodeApng(file, { checkCrc: true });
  assertEquals(found.numberOfFrames, 3);
  assertEquals(found.frames.map((frame) => frame.delayNumber), [80, 80, 1000]);
  assertEquals(
    found.frames.map(({ data }) => [...data]),
    [0, 1, 2].map((i) => [
      ...imageBytes(images, i, rgb(4)),
    ]),
  );
  assertEquals([...decode(file, { checkCrc: true }).data], [...imageBytes(images, 0, rgb(4))]);
  assertEquals(pngText(file), { rin: '{"i":2}' });
  const stills = framesOf(file).map((frame) => [...decode(frame, { checkCrc: true }).data]);
  assertEquals(stills, [0, 1, 2].map((i) => [...imageBytes(images, i, rgb(4))]));
  assertEquals(framesOf(frames[0]), []);
});

Deno.test("pngText() reads only whole files", () => {
  assertEquals(pngText(frames[1]), { rin: '{"i":1}' });
  for (let length = 0; length < frames[1].length; length++) {
    assertEquals(pngText(frames[1].subarray(0, length)), undefined);
  }
  const damaged = frames[1].slice();
  damaged[50] ^= 1;
  assertEquals(pngText(damaged), undefined);
  assertEquals(pngText(new TextEncoder().encode("no picture")), undefined);
});
