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

/** The size that a value writes, one number of squares; undefined where it is none. */
export function readSize(value: unknown): ImageSize | undefined {
  if (!/^\d{1,9}(x\d{1,9})?$/.test(String(value))) return undefined;
  return sizeOf(sidesOf(value as ImageSize));
}

/** The size with these sides. */
export function sizeOf({ width, height }: Sides): ImageSize {
  return width === height ? width : `${width}x${height}`;
}
