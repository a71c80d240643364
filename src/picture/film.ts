/**
 * Sequences, the frames of clips or the estimates of images, as one picture or an animation.
 *
 * @module
 */
import type { PictureConfig } from "../model/example.ts";
import { animatedGif } from "./animated_gif.ts";
import { animatedPng } from "./animated_png.ts";
import { FRAME_MILLISECONDS } from "./clips.ts";
import { withGifComment } from "./gif_comment.ts";
import { gridPixels, gridPng, imagePng, type PngText } from "./pictures.ts";

/** All moments of some clips or images. */
export interface Film {
  /** Each moment of all of them, (count, C, H, W) in [-1, 1]. */
  readonly moments: readonly Float32Array[];
  /** Their shape. */
  readonly picture: PictureConfig;
  readonly count: number;
  /** Whether they are clips; else moments are estimates of images, the last ones the images themselves. */
  readonly clips: boolean;
}

/** How long frames are shown. */
const timesOf = ({ clips }: Film) =>
  clips ? { milliseconds: FRAME_MILLISECONDS } : { milliseconds: 80, last: 1500 };

/** A row for each clip or image, and a column for each of its moments. */
export function filmstripPng({ moments, picture, count }: Film, text: PngText): Uint8Array {
  return gridPng(strip(moments, count), picture, { columns: moments.length, text });
}

/** Their grids in turn as an animated PNG file; one clip alone without a border. */
export function filmPng(film: Film, text: PngText): Uint8Array<ArrayBuffer> {
  const { moments, picture, count, clips } = film;
  const pictures = moments.map((images) =>
    clips && count === 1 ? imagePng(images, 0, picture, text) : gridPng(images, picture, { text })
  );
  return animatedPng(pictures, timesOf(film));
}

/**
 * Their grids in turn as a GIF file, which knows no partial opacity: what is transparent lies on
 * white.
 *
 * @param comment the file's comment
 */
export function filmGif(film: Film, comment: string): Uint8Array<ArrayBuffer> {
  const frames = film.moments.map((images) => gridPixels(images, film.picture));
  return withGifComment(animatedGif(frames, timesOf(film)), comment);
}

/** All moments of the first image or clip, then those of the second, and so on. */
function strip(moments: readonly Float32Array[], count: number): Float32Array {
  const each = moments[0].length / count;
  const all = new Float32Array(moments.length * moments[0].length);
  moments.forEach((images, column) => {
    for (let row = 0; row < count; row++) {
      const image = images.subarray(row * each, (row + 1) * each);
      all.set(image, (row * moments.length + column) * each);
    }
  });
  return all;
}
