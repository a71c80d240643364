/**
 * Gray and opacity of pixels; resizing takes them as PIL computes them.
 * @module
 */

/** A color of some opacity on white, all 0 to 255. */
export function blended(value: number, alpha: number): number {
  return Math.round((value * alpha + 255 * (255 - alpha)) / 255);
}

/**
 * A canvas, (height, width, 4), on white.
 *
 * @param frame where to write it, (height, width, 3)
 */
export function onWhite(canvas: Uint8Array, frame: Uint8Array): void {
  for (let i = 0, o = 0; o < frame.length; i += 4) {
    for (let c = 0; c < 3; c++) frame[o++] = blended(canvas[i + c], canvas[i + 3]);
  }
}

/** (n, 3) to (n): what PIL's convert("L") gives; equal channels keep their value. */
export function luminance(rgb: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgb.length / 3);
  for (let o = 0, i = 0; o < out.length; o++, i += 3) {
    out[o] = (19595 * rgb[i] + 38470 * rgb[i + 1] + 7471 * rgb[i + 2] + 32768) >> 16;
  }
  return out;
}

/** (n, 4): colors multiplied by their opacity, rounded. */
export function multiplied(rgba: Uint8Array): Uint8Array {
  return rgba.map((value, i) => i % 4 === 3 ? value : Math.round(value * rgba[i | 3] / 255));
}

/** The inverse of {@linkcode multiplied}; where opacity is 0, colors are lost. */
export function unmultiplied(rgba: Uint8Array): Uint8Array {
  return rgba.map((value, i) =>
    i % 4 === 3 || rgba[i | 3] === 0 ? value : Math.min(255, Math.trunc(255 * value / rgba[i | 3]))
  );
}

/** (n, 4): pixels that don't show at all made white, so that they all look alike to a network. */
export function whiteWhereClear(rgba: Uint8Array): Uint8Array {
  return rgba.map((value, i) => i % 4 < 3 && rgba[i | 3] === 0 ? 255 : value);
}
