/**
 * A feature space that needs no download: colors of a coarse grid, and a wavelet scattering
 * transform (Mallat 2012; Bruna & Mallat 2013, arXiv 1203.1513) of two orders.
 *
 * Nothing in it is learnt. It is computed in float64 on the processor, so that it is the same
 * whatever the device. Its result for a picture must never change: figures of different versions
 * can't be compared, so a better space gets another name.
 *
 * @module
 */
import { resizeCrop } from "../data/resize.ts";
import { pictureSize } from "../model/example.ts";
import { type ImageSize, sidesOf } from "../model/image_size.ts";
import { type FeatureSpace, rgbBytes } from "./feature_set.ts";
import { cellMeans, halved, morletModuli, type Plane } from "./morlet.ts";

/** The name under which figures of this space are reported. */
const SCATTERING = "scattering-v1";

/** Side that pictures are brought to. */
const SIDE = 64;
/** Octaves of the pyramid: 64, 32, 16 and 8 pixels; colors, which are seen less sharply, lack the first. */
const SCALES = 4;
const COLOUR_CELLS = 4;
const QUADRANTS = 2;
/** Moduli far above it count by their logarithm, those far below by their value. */
const KNEE = 0.01;

/** Numbers in a feature vector: 48 colors, 64 + 6 moduli of first and 96 of second order. */
export const SCATTERING_SIZE = 214;

/**
 * The features of a picture, of its center where it is not a square.
 *
 * @param image (3, H, W), RGB, values 0..255
 * @returns (214)
 */
export function scatteringFeatures(image: Uint8Array, size: ImageSize): Float32Array {
  const [luminance, ...chroma] = opponentPlanes(image, size);
  const features = [luminance, ...chroma].flatMap((plane) => cellMeans(plane, COLOUR_CELLS));
  const moduli = pyramid(luminance, SCALES).map(morletModuli);
  for (const plane of moduli.flat()) {
    features.push(...cellMeans(plane, QUADRANTS).map(compress));
  }
  for (const plane of chroma) {
    for (const level of pyramid(halved(plane), SCALES - 1)) {
      features.push(compress(average(morletModuli(level).flatMap((m) => cellMeans(m, 1)))));
    }
  }
  moduli.forEach((level, scale) => {
    for (const first of level) {
      for (const coarser of pyramid(first, SCALES - scale).slice(1)) {
        features.push(...morletModuli(coarser).map((second) => compress(cellMeans(second, 1)[0])));
      }
    }
  });
  return Float32Array.from(features);
}

/** Luminance and two color differences, in about [-1, 1], at 64 pixels. */
function opponentPlanes(image: Uint8Array, size: ImageSize): Plane[] {
  const { width, height } = sidesOf(size);
  const area = width * height;
  const data = new Uint8Array(3 * area);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) data[3 * i + c] = image[c * area + i];
  }
  const rgb = resizeCrop({ width, height, data }, { imageSize: SIDE, channels: 3 });
  const planes = [0, 1, 2].map((): Plane => ({
    side: SIDE,
    values: new Float64Array(SIDE * SIDE),
  }));
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [r, g, b] = [0, 1, 2].map((c) => rgb[c * SIDE * SIDE + i] / 127.5 - 1);
    planes[0].values[i] = 0.299 * r + 0.587 * g + 0.114 * b;
    planes[1].values[i] = (r - g) / 2;
    planes[2].values[i] = (r + g) / 4 - b / 2;
  }
  return planes;
}

function pyramid(plane: Plane, levels: number): Plane[] {
  const all = [plane];
  while (all.length < levels) all.push(halved(all[all.length - 1]));
  return all;
}

const compress = (modulus: number) => Math.log1p(modulus / KNEE);

const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** The space of {@linkcode scatteringFeatures}. */
export const scattering: FeatureSpace = {
  name: SCATTERING,
  dimension: SCATTERING_SIZE,
  features: (images, picture) => {
    const { imageSize } = picture;
    const each = pictureSize({ imageSize, channels: 3 });
    const bytes = rgbBytes(images, picture);
    const count = bytes.length / each;
    return Promise.resolve(
      Array.from(
        { length: count },
        (_, i) => scatteringFeatures(bytes.subarray(i * each, (i + 1) * each), imageSize),
      ),
    );
  },
};
