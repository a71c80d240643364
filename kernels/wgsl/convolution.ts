/**
 * Turns a convolution into a matrix product, and pools; images are (batch, height, width,
 * channels), channels last, so that a pixel is a row of a matrix.
 *
 * @module
 */
import { outputSize, type Window } from "../shapes.ts";
import { forEach, type Launch, launch, linearGrid, read, write } from "./kernel.ts";

function paramsOf(window: Window) {
  const [outHeight, outWidth] = outputSize(window);
  const { batch, height, width, channels, kernel, stride, padding } = window;
  return {
    pixels: batch * outHeight * outWidth,
    height,
    width,
    channels,
    outHeight,
    outWidth,
    tall: kernel[0],
    wide: kernel[1],
    stride,
    above: padding[0],
    left: padding[1],
  };
}

/** WGSL: from `pixel` of the result, its image `b` and the window's first row and column. */
const place = `
  let b = pixel / (p.outHeight * p.outWidth);
  let top = i32((pixel / p.outWidth) % p.outHeight * p.stride) - i32(p.above);
  let start = i32(pixel % p.outWidth * p.stride) - i32(p.left);`;

/**
 * Unfolds images to a matrix, a row for each pixel of the result: y (pixels, kernel height, kernel
 * width, channels), 0 outside. Binds x, y.
 */
export function unfold(window: Window): Launch {
  const params = paramsOf(window);
  const count = params.pixels * params.tall * params.wide * params.channels;
  return launch(
    "unfold",
    { ...params, count },
    [read("x"), write("y")],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let c = i % p.channels;
  let tap = (i / p.channels) % (p.tall * p.wide);
  let pixel = i / (p.channels * p.tall * p.wide);${place}
  let row = top + i32(tap / p.wide);
  let column = start + i32(tap % p.wide);
  var value = 0.0;
  if (row >= 0 && row < i32(p.height) && column >= 0 && column < i32(p.width)) {
    value = x[((b * p.height + u32(row)) * p.width + u32(column)) * p.channels + c];
  }
  y[i] = value;`,
    ),
  );
}

/**
 * The largest value of each window, or the mean of those inside the image (the padding doesn't
 * count): y (pixels, channels). Binds x, y.
 */
export function pool(window: Window, kind: "max" | "mean"): Launch {
  const params = paramsOf(window);
  const count = params.pixels * params.channels;
  const max = kind === "max";
  return launch(
    `${kind} pooling`,
    { ...params, count },
    [read("x"), write("y")],
    linearGrid(count),
    forEach(
      "p.count",
      `
  let c = i % p.channels;
  let pixel = i / p.channels;${place}
  let firstRow = u32(max(top, 0));
  let endRow = u32(min(top + i32(p.tall), i32(p.height)));
  let firstColumn = u32(max(start, 0));
  let endColumn = u32(min(start + i32(p.wide), i32(p.width)));
  var result = ${max ? "-3.4e38" : "0.0"};
  for (var row = firstRow; row < endRow; row++) {
    for (var column = firstColumn; column < endColumn; column++) {
      let value = x[((b * p.height + row) * p.width + column) * p.channels + c];
      result = ${max ? "max(result, value)" : "result + value"};
    }
  }
  y[i] = ${max ? "result" : "result / f32((endRow - firstRow) * (endColumn - firstColumn))"};`,
    ),
  );
}

/** Columns of a wider matrix, where the result of one branch lies next to those of others. */
export interface Slice {
  /** Columns of the whole. */
  readonly of: number;
  /** The first column. */
  readonly at: number;
}

/** max(x, 0) of x (rows, columns) into columns of y (rows, slice.of). Binds x, y. */
export function rectify(
  { rows, columns }: { rows: number; columns: number },
  { of, at }: Slice,
): Launch {
  return launch(
    "rectify",
    { count: rows * columns, columns, across: of, at },
    [read("x"), write("y")],
    linearGrid(rows * columns),
    forEach("p.count", "  y[i / p.columns * p.across + p.at + i % p.columns] = max(x[i], 0.0);"),
  );
}
