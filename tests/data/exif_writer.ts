/** EXIF data, and pictures with it, byte by byte, for tests of the decoders. */

export interface ExifParts {
  /** Whether numbers begin with their smallest byte; false by default. */
  little?: boolean;
  /** The entry's tag, type, count and value: 0x0112, 3, 1 and 1 by default. */
  tag?: number;
  type?: number;
  count?: number;
  value?: number;
  /** Where the directory lies; 8 by default, right after the header. */
  directory?: number;
  /** Where the header says that it lies, and how many entries it says that it has. */
  claimedDirectory?: number;
  claimedEntries?: number;
}

/** TIFF data whose one directory has another entry, then the one described, then is its own next. */
export function writeExif(parts: ExifParts = {}): Uint8Array<ArrayBuffer> {
  const { little = false, tag = 0x0112, type = 3, count = 1, value = 1, directory = 8 } = parts;
  const bytes = new Uint8Array(directory + 2 + 2 * 12 + 4);
  const view = new DataView(bytes.buffer);
  bytes.fill(little ? 0x49 : 0x4d, 0, 2);
  view.setUint16(2, 42, little);
  view.setUint32(4, parts.claimedDirectory ?? directory, little);
  view.setUint16(directory, parts.claimedEntries ?? 2, little);
  const entry = (at: number, tag: number, type: number, count: number, value: number) => {
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, type, little);
    view.setUint32(at + 4, count, little);
    // A number of 16 bits stands at the beginning of its four bytes.
    if (type === 4) view.setUint32(at + 8, value, little);
    else view.setUint16(at + 8, value, little);
  };
  entry(directory + 2, 0x0100, 4, 1, 0x01120003);
  entry(directory + 14, tag, type, count, value);
  view.setUint32(directory + 26, directory, little);
  return bytes;
}

/** A JPEG file with an APP1 segment of its own after the first two bytes. */
export function withApp1(jpeg: Uint8Array, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = body.length + 2;
  return Uint8Array.from([
    ...jpeg.subarray(0, 2),
    ...[0xff, 0xe1, length >> 8, length & 255],
    ...body,
    ...jpeg.subarray(2),
  ]);
}

/** A JPEG file with EXIF data. */
export function withExif(jpeg: Uint8Array, tiff: Uint8Array): Uint8Array<ArrayBuffer> {
  return withApp1(jpeg, Uint8Array.from([...new TextEncoder().encode("Exif\0\0"), ...tiff]));
}
