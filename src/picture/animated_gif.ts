/**
 * Animated GIF: frames in at most 256 colors that all of them share, so that nothing flickers.
 *
 * @module
 */
import { applyPalette, GIFEncoder, quantize } from "gifenc";
import { blended } from "../data/pixels.ts";
import type { Pixels } from "./pictures.ts";

/** Colors of a GIF file at most. */
const COLOURS = 256;

/**
 * Joins frames into an endless animation, transparent ones on white.
 *
 * @param frames of one size
 * @param options.milliseconds how long a frame is shown, in steps of 10
 * @param options.last how long the last one is, in milliseconds
 */
export function animatedGif(
  frames: readonly Pixels[],
  { milliseconds, last = milliseconds }: { milliseconds: number; last?: number },
): Uint8Array<ArrayBuffer> {
  const { width, height } = frames[0];
  const each = 4 * width * height;
  const all = new Uint8Array(frames.length * each).fill(255);
  frames.forEach(({ data, channels }, frame) => {
    for (let i = 0, o = frame * each; i < data.length; i += channels, o += 4) {
      const alpha = channels === 4 ? data[i + 3] : 255;
      for (let c = 0; c < 3; c++) all[o + c] = blended(data[i + (channels === 1 ? 0 : c)], alpha);
    }
  });
  const palette = quantize(all, COLOURS);
  const gif = GIFEncoder();
  for (let frame = 0; frame < frames.length; frame++) {
    // A copy: gifenc takes the whole buffer of a view.
    const indices = applyPalette(all.slice(frame * each, (frame + 1) * each), palette);
    const delay = frame === frames.length - 1 ? last : milliseconds;
    gif.writeFrame(indices, width, height, { delay, ...frame === 0 && { palette } });
  }
  gif.finish();
  return Uint8Array.from(gif.bytes());
}
