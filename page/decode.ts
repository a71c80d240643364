/// <reference lib="dom" />
/**
 * The pixels of a PNG file.
 *
 * @module
 */

/** As a canvas has them, (height, width, 4). */
export async function decodePng(png: Blob): Promise<ImageData> {
  // Bytes as in the file, without the screen's color management.
  const bitmap = await createImageBitmap(png, { colorSpaceConversion: "none" });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

/** The largest difference of two pictures, of 255; undefined where they are not of one size. */
export async function difference(one: Blob, other: Blob): Promise<number | undefined> {
  const [a, b] = await Promise.all([decodePng(one), decodePng(other)]);
  if (a.width !== b.width || a.height !== b.height) return undefined;
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0);
}
