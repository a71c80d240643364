/**
 * The IDX format of MNIST and Fashion-MNIST.
 * @module
 */
import { pictureSize } from "../model/example.ts";
import { type Sides, sidesOf } from "../model/image_size.ts";
import { DataError, reasonOf } from "./errors.ts";
import { resizeCrop, type StoredPicture } from "./resize.ts";

/** Gray images as an IDX file holds them. */
export interface IdxImages {
  /** Tells images from labels. */
  readonly kind: "images";
  /** How many. */
  readonly count: number;
  /** Height in pixels. */
  readonly rows: number;
  /** Width in pixels. */
  readonly columns: number;
  /** (count, rows, columns), values 0..255. */
  readonly data: Uint8Array;
}

/** Class labels as an IDX file holds them. */
export interface IdxLabels {
  /** Tells labels from images. */
  readonly kind: "labels";
  /** How many. */
  readonly count: number;
  /** (count), values 0..255. */
  readonly data: Uint8Array;
}

const IMAGES_MAGIC = 0x00000803;
const LABELS_MAGIC = 0x00000801;

/**
 * Parses an IDX file of uint8 images (magic 0x00000803) or labels (0x00000801), gzipped or not.
 *
 * @param source name of the file in messages, e.g. its path
 * @throws {DataError} for another magic number, or a length that disagrees with the header
 *
 * @example
 * ```ts
 * const path = "train-images-idx3-ubyte.gz";
 * const idx = await parseIdx(await Deno.readFile(path), path);
 * if (idx.kind === "images") console.log(idx.count, idx.rows, idx.columns);
 * ```
 */
export async function parseIdx(
  bytes: Uint8Array,
  source: string = "IDX data",
): Promise<IdxImages | IdxLabels> {
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const plain = gzipped ? await gunzip(bytes, source) : bytes;
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  const magic = plain.length >= 4 ? view.getUint32(0) : -1;
  if (magic !== IMAGES_MAGIC && magic !== LABELS_MAGIC) {
    const found = magic < 0 ? `${plain.length} bytes` : `0x${magic.toString(16).padStart(8, "0")}`;
    throw new DataError(
      `Cannot read ${source}: it starts with ${found}, where an IDX file of uint8 images starts ` +
        `with 0x00000803 and one of labels with 0x00000801; give such a file`,
    );
  }
  const dimensions = magic & 0xff;
  const header = 4 + 4 * dimensions;
  if (plain.length < header) throw wrongLength(source, plain.length, `a header of ${header}`);
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = header + sizes.reduce((product, n) => product * n, 1);
  if (plain.length !== expected) {
    throw wrongLength(source, plain.length, `${expected} for ${sizes.join("x")}`);
  }
  const data = plain.subarray(header);
  const [count, rows, columns] = sizes;
  if (magic === LABELS_MAGIC) return { kind: "labels", count, data };
  return { kind: "images", count, rows, columns, data };
}

/**
 * One of the images, as {@linkcode greyPixels} makes it.
 *
 * @returns (C, H, W), values 0..255
 */
export function idxImage(
  { rows, columns, data }: IdxImages,
  index: number,
  picture: StoredPicture,
): Uint8Array<ArrayBuffer> {
  const grey = data.subarray(index * rows * columns, (index + 1) * rows * columns);
  return greyPixels(grey, rows, columns, picture);
}

/**
 * A gray image as a picture of any channels. Where it fits it is padded with 0 around its center
 * (28x28 in 32x32, as is usual for MNIST); a larger one is resized and cropped.
 *
 * @param gray (rows, columns), values 0..255
 * @returns (C, H, W), values 0..255
 */
export function greyPixels(
  grey: Uint8Array,
  rows: number,
  columns: number,
  picture: StoredPicture,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(pictureSize(picture));
  const { width, height } = sidesOf(picture.imageSize);
  const fits = rows <= height && columns <= width;
  const image = fits
    ? { width, height, data: padded(grey, rows, columns, { width, height }) }
    : { width: columns, height: rows, data: grey };
  resizeCrop(image, picture, out);
  return out;
}

/** (rows, columns) to (height, width), centered on 0. */
function padded(
  grey: Uint8Array,
  rows: number,
  columns: number,
  { width, height }: Sides,
): Uint8Array {
  const out = new Uint8Array(width * height);
  const top = Math.floor((height - rows) / 2);
  const left = Math.floor((width - columns) / 2);
  for (let y = 0; y < rows; y++) {
    out.set(grey.subarray(y * columns, (y + 1) * columns), (y + top) * width + left);
  }
  return out;
}

/** The name of an image that has none: its place in the file, e.g. "000042". */
export function idxName(index: number): string {
  return String(index).padStart(6, "0");
}

function wrongLength(source: string, found: number, expected: string): DataError {
  return new DataError(
    `Cannot read ${source}: it has ${found} bytes, where its header calls for ${expected}; the ` +
      `file is damaged or incomplete, fetch it again`,
  );
}

async function gunzip(bytes: Uint8Array, source: string): Promise<Uint8Array> {
  try {
    const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
    const plain = stream.pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(plain).arrayBuffer());
  } catch (thrown) {
    throw new DataError(
      `Cannot read ${source}: its gzip data is damaged or incomplete (${reasonOf(thrown)}); ` +
        `fetch it again`,
    );
  }
}

/**
 * Reads an IDX file.
 *
 * @throws {DataError} when it can't be read or isn't one
 */
export async function readIdx(path: string): Promise<IdxImages | IdxLabels> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (thrown) {
    throw new DataError(`Cannot read ${path}: ${reasonOf(thrown)}; check its permissions`);
  }
  return await parseIdx(bytes, path);
}

/** The labels next to a file of images by MNIST's naming; undefined where there are none. */
export async function labelsBeside(path: string): Promise<string | undefined> {
  const found = /^(.*)images([-.])idx3(-ubyte)(\.gz)?$/.exec(path);
  if (!found) return undefined;
  const [, start, mark, end] = found;
  for (const zip of ["", ".gz"]) {
    const labels = `${start}labels${mark}idx1${end}${zip}`;
    if (await Deno.stat(labels).then(({ isFile }) => isFile, () => false)) return labels;
  }
  return undefined;
}
