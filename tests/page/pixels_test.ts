// Pictures of any channels and sides as a canvas takes them.

import { assertEquals } from "@std/assert";
import { rgbaOf } from "../../page/pixels.ts";

Deno.test("rgbaOf() repeats gray, keeps opacity, and goes frame by frame", () => {
  const floats = (bytes: number[]) => Float32Array.from(bytes, (byte) => byte / 127.5 - 1);
  const shown = (
    channels: 1 | 3 | 4,
    bytes: number[],
    frames = 1,
  ) => [...rgbaOf(floats(bytes), { imageSize: "2x1", channels, frames })];
  assertEquals(shown(1, [7, 9]), [7, 7, 7, 255, 9, 9, 9, 255]);
  assertEquals(shown(3, [1, 2, 3, 4, 5, 6]), [1, 3, 5, 255, 2, 4, 6, 255]);
  assertEquals(shown(4, [1, 2, 3, 4, 5, 6, 7, 8]), [1, 3, 5, 7, 2, 4, 6, 8]);
  assertEquals(shown(1, [1, 2, 3, 4], 2).filter((_, i) => i % 4 === 0), [1, 2, 3, 4]);
});
