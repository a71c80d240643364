/**
 * Heat maps beside their picture, as a grid or an animation.
 *
 * @module
 */
import { encode } from "fast-png";
import type { RinConfig } from "../../src/model/config.ts";
import { sidesOf, sizeOf } from "../../src/model/image_size.ts";
import { animatedGif } from "../../src/picture/animated_gif.ts";
import { animatedPng } from "../../src/picture/animated_png.ts";
import { byFrame, FRAME_MILLISECONDS } from "../../src/picture/clips.ts";
import { withGifComment } from "../../src/picture/gif_comment.ts";
import { colorsOf, enlarged, heatMap } from "../../src/picture/heat_map.ts";
import { labelledGridPixels } from "../../src/picture/labelled_grid.ts";
import type { Pixels } from "../../src/picture/pictures.ts";
import { recordJson, recordText, type SampleRecord } from "../../src/picture/record.ts";
import type { HeatRow } from "./rows.ts";

/** Pixels of a heat map's longer side at least. */
const LEAST_SIDE = 112;

/** Pictures in a row of one moment, unless they are more than these. */
const ONE_ROW = 5;

/** What is shown of a step: the attention's weights themselves would fill the memory. */
export interface ShownStep {
  readonly done: number;
  /** The picture or clip, (C, H, W) or (C, T, H, W). */
  readonly image: Float32Array;
  /** The share of the attention that each token gets, for each row. */
  readonly maps: readonly Float64Array[];
}

/** A picture at one moment, and its heat maps, (3, H, W) each. */
interface Moment {
  readonly word: string;
  readonly cells: readonly Float32Array[];
}

/** How many pixels of a heat map, along each side, are one of the picture: more if it is small. */
export function enlargement({ imageSize }: Pick<RinConfig, "imageSize">): number {
  const { width, height } = sidesOf(imageSize);
  return Math.ceil(LEAST_SIDE / Math.max(width, height));
}

/**
 * The heat maps of some steps, or of the frames of a clip in its last step, as a file.
 *
 * @param out its path, which says what it is: a .gif or .apng is an animation; a .png has a row for
 * each heat map and a column for each moment, or is near a square if there is one moment
 */
export function heatFile(
  out: string,
  config: RinConfig,
  steps: readonly ShownStep[],
  rows: readonly Pick<HeatRow, "word">[],
  record: SampleRecord,
  device: string,
): Uint8Array {
  const moments = config.frames > 1
    ? framesOf(config, steps.at(-1)!)
    : steps.map((step) => ({ word: `step ${step.done}`, cells: examplesOf(config, step) }));
  const { length: columns } = moments;
  const times = enlargement(config);
  const { width, height } = sidesOf(config.imageSize);
  const small = { ...config, channels: 3 } as const;
  const large = { ...small, imageSize: sizeOf({ width: times * width, height: times * height }) };
  const text = recordText(record, device);
  const file = (pixels: Pixels) => encode({ ...pixels, depth: 8, text });
  const grid = (cells: readonly Float32Array[], words: readonly string[], columns?: number) => {
    const pictures = cells.map((cell) => enlarged(cell, small, times));
    return labelledGridPixels(joined(pictures), large, words, columns);
  };
  if (/\.png$/i.test(out) && columns > 1) {
    const lines = [undefined, ...rows].flatMap((row, i) =>
      moments.map(({ word, cells }) => ({ word: row?.word ?? word, cell: cells[i] }))
    );
    return file(grid(lines.map(({ cell }) => cell), lines.map(({ word }) => word), columns));
  }
  const sheets = moments.map(({ word, cells }) =>
    grid(
      cells,
      [word, ...rows.map((row) => row.word)],
      cells.length <= ONE_ROW ? cells.length : undefined,
    )
  );
  if (/\.png$/i.test(out)) return file(sheets[0]);
  const shown = config.frames > 1
    ? { milliseconds: FRAME_MILLISECONDS }
    : { milliseconds: 160, last: 2000 };
  return /\.gif$/i.test(out)
    ? withGifComment(animatedGif(sheets, shown), recordJson(record, device))
    : animatedPng(sheets.map(file), shown);
}

/** A moment for each frame of a clip. */
function framesOf(config: RinConfig, step: ShownStep): Moment[] {
  const cells = examplesOf(config, step).map((clip) => byFrame(clip, config));
  return cells[0].map((_, t) => ({ word: `frame ${t}`, cells: cells.map((frames) => frames[t]) }));
}

/** The picture or clip, then its heat maps. */
function examplesOf(config: RinConfig, { image, maps }: ShownStep): Float32Array[] {
  return [colorsOf(image, config), ...maps.map((map) => heatMap(image, map, config))];
}

function joined(pictures: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(pictures.length * pictures[0].length);
  pictures.forEach((picture, i) => all.set(picture, i * picture.length));
  return all;
}
