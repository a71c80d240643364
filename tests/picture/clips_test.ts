import { assertEquals } from "@std/assert";
import { decodeClip } from "../../src/data/decode_clip.ts";
import { animatedGif } from "../../src/picture/animated_gif.ts";
import { byFrame, clipBytes, clipGridPng, clipPng } from "../../src/picture/clips.ts";

const size = { imageSize: 2, channels: 3, frames: 3 } as const;
/** What channel `c` of frame `t` of clip `i` is, as a byte. */
const byte = (i: number, c: number, t: number) => 100 * i + 30 * c + 7 * t;

/** Two clips (2, 3, T, S, S), each frame of one color. */
const clips = Float32Array.from({ length: 2 * 3 * 3 * 4 }, (_, at) => {
  const [i, c, t] = [Math.floor(at / 36), Math.floor(at / 12) % 3, Math.floor(at / 4) % 3];
  return byte(i, c, t) / 127.5 - 1;
});
const colour = (i: number, t: number) => [0, 1, 2].map((c) => byte(i, c, t));

Deno.test("byFrame() and clipBytes() keep the order of frames", () => {
  const frames = byFrame(clips, size);
  assertEquals(frames.map(({ length }) => length), [24, 24, 24]);
  frames.forEach((frame, t) => {
    const found = Array.from(frame, (value) => Math.round((value + 1) * 127.5));
    const planes = [0, 1].flatMap((i) => colour(i, t).flatMap((value) => Array(4).fill(value)));
    assertEquals(found, planes);
  });
  const bytes = clipBytes(clips.subarray(36), size);
  const pixels = [0, 1, 2].flatMap((t) => Array(4).fill(colour(1, t)).flat());
  assertEquals([...bytes], pixels);
  assertEquals([...decodeClip(clipPng(clips.subarray(36), size)).data], pixels);
});

Deno.test("clipGridPng() moves all clips at once", () => {
  const { frames, width, height, data } = decodeClip(clipGridPng(clips, size));
  assertEquals([frames, width, height], [3, 10, 6]);
  const at = (t: number, y: number, x: number) => {
    const from = 3 * ((t * height + y) * width + x);
    return [...data.subarray(from, from + 3)];
  };
  for (let t = 0; t < 3; t++) {
    assertEquals([at(t, 2, 2), at(t, 3, 7)], [colour(0, t), colour(1, t)]);
    assertEquals([at(t, 0, 0), at(t, 3, 4)], [[255, 255, 255], [255, 255, 255]]);
  }
});

Deno.test("animatedGif() keeps few colors exactly, with times that browsers keep", () => {
  const frames = [0, 1, 2].map((t) => ({
    width: 3,
    height: 2,
    channels: 3 as const,
    // Colors that a palette of five bits a channel can tell.
    data: Uint8Array.from({ length: 18 }, (_, i) => i % 3 === t ? 248 : 8 * (i % 4)),
  }));
  const gif = animatedGif(frames, { milliseconds: 80, last: 1500 });
  const found = decodeClip(gif);
  assertEquals([found.frames, found.width, found.height], [3, 3, 2]);
  const worst = found.data.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - frames[Math.floor(i / 18)].data[i % 18])),
    0,
  );
  assertEquals(worst <= 8, true, `off by ${worst}`);
  const delays = gif.reduce<number[]>(
    (all, _, i) =>
      gif[i] === 0x21 && gif[i + 1] === 0xf9 && gif[i + 2] === 4
        ? [...all, gif[i + 4] + 256 * gif[i + 5]]
        : all,
    [],
  );
  assertEquals(delays, [8, 8, 150]);
  // It is shown again and again.
  assertEquals(new TextDecoder("latin1").decode(gif).includes("NETSCAPE2.0\x03\x01\0\0\0"), true);
});
