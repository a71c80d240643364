/**
 * The sides of pictures, as configs, files and flags write them.
 *
 * @module
 */

/** Sides in pixels: one number of squares, else "WIDTHxHEIGHT". */
export type ImageSize = number | `${number}x${number}`;

/** Width and height, pixels. */
export interface Sides {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** Both sides of a size. */
export function sidesOf(size: ImageSize): Sides {
  const [width, height = width] = String(size).split("x").map(Number);
  return { width, height };
}

/** The size with these sides. */
export function sizeOf({ width, height }: Sides): ImageSize {
  return width === height ? width : `${width}x${height}`;
}
