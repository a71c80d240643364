/** Writes PNG files of any colour type and depth, byte by byte, for tests of the decoder. */

export interface PngParts {
  width: number;
  height: number;
  /** Bits a sample. */
  depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  colourType: number;
  /** Row by row, a number for each sample. */
  samples: number[];
  /** [r, g, b] for each colour. */
  palette?: number[][];
  /** The tRNS chunk's bytes. */
  transparency?: number[];
  /** The eXIf chunk's bytes. */
  exif?: Uint8Array;
  interlace?: number;
  /** Drops this many bytes from the end of the compressed pixels. */
  cutPixels?: number;
}

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

export async function writePng(parts: PngParts): Promise<Uint8Array> {
  const { width, height, depth, colourType, samples, interlace = 0, cutPixels = 0 } = parts;
  const perRow = width * CHANNELS[colourType];
  const rows: number[] = [];
  for (let y = 0; y < height; y++) {
    rows.push(0); // no filter
    let bits = "";
    for (const v of samples.slice(y * perRow, (y + 1) * perRow)) {
      bits += v.toString(2).padStart(depth, "0");
    }
    for (let i = 0; i < bits.length; i += 8) {
      rows.push(parseInt(bits.slice(i, i + 8).padEnd(8, "0"), 2));
    }
  }
  const pixels = await compress(Uint8Array.from(rows));
  const header = [...u32(width), ...u32(height), depth, colourType, 0, 0, interlace];
  return Uint8Array.from([
    ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    ...chunk("IHDR", header),
    ...(parts.palette ? chunk("PLTE", parts.palette.flat()) : []),
    ...(parts.transparency ? chunk("tRNS", parts.transparency) : []),
    ...(parts.exif ? chunk("eXIf", [...parts.exif]) : []),
    ...chunk("IDAT", [...pixels.subarray(0, pixels.length - cutPixels)]),
    ...chunk("IEND", []),
  ]);
}

async function compress(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function u32(n: number): number[] {
  return [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255];
}

function chunk(type: string, body: number[]): number[] {
  const typed = [...type].map((c) => c.charCodeAt(0)).concat(body);
  return [...u32(body.length), ...typed, ...u32(crc32(typed))];
}

function crc32(bytes: number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? 0xedb88320 ^ crc >>> 1 : crc >>> 1;
  }
  return ~crc >>> 0;
}
