/** Writes PNG files of any color type and depth, byte by byte, for tests of the decoder. */

export interface PngParts {
  width: number;
  height: number;
  /** Bits a sample. */
  depth: number;
  /** 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA. */
  colourType: number;
  /** Row by row, a number for each sample. */
  samples: number[];
  /** [r, g, b] for each color. */
  palette?: number[][];
  /** The tRNS chunk's bytes. */
  transparency?: number[];
  /** The eXIf chunk's bytes. */
  exif?: Uint8Array;
  /** 1 stores the pixels in Adam7's passes, their rows with filters 0 to 4 in turn. */
  interlace?: number;
  /** Drops this many bytes from the end of the compressed pixels. */
  cutPixels?: number;
}

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

export async function writePng(parts: PngParts): Promise<Uint8Array> {
  const { width, height, depth, colourType, samples, interlace = 0, cutPixels = 0 } = parts;
  const perRow = width * CHANNELS[colourType];
  const rows: number[] = [];
  const packed = (samples: number[]) => {
    const bits = samples.map((v) => v.toString(2).padStart(depth, "0")).join("");
    return (bits.match(/.{1,8}/g) ?? []).map((byte) => parseInt(byte.padEnd(8, "0"), 2));
  };
  if (interlace === 1 && depth <= 8) rows.push(...passes(parts, packed));
  else {
    for (let y = 0; y < height; y++) {
      rows.push(0, ...packed(samples.slice(y * perRow, (y + 1) * perRow))); // no filter
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

/** The rows of Adam7's passes, of pictures with one channel. */
function passes(
  { width, height, samples }: PngParts,
  packed: (samples: number[]) => number[],
): number[] {
  // The pass of each pixel of a square of eight, as the specification prints it.
  const square = ["16462646", "77777777", "56565656", "77777777"];
  square.push("36463646", "77777777", "56565656", "77777777");
  const rows: number[] = [];
  for (let pass = 1; pass <= 7; pass++) {
    let above: number[] = [];
    for (let y = 0, count = 0; y < height; y++) {
      const row = samples.slice(y * width, (y + 1) * width)
        .filter((_, x) => square[y % 8][x % 8] === String(pass));
      if (row.length === 0) continue;
      const bytes = packed(row);
      const filter = count++ % 5;
      rows.push(filter, ...bytes.map((byte, i) => byte - guess(filter, bytes, above, i) & 255));
      above = bytes;
    }
  }
  return rows;
}

/** What a filter takes a byte for. */
function guess(filter: number, row: number[], above: number[], i: number): number {
  const [a, b, c] = [row[i - 1] ?? 0, above[i] ?? 0, above[i - 1] ?? 0];
  const p = a + b - c;
  const nearest = [a, b, c].sort((x, y) => Math.abs(p - x) - Math.abs(p - y))[0];
  return [0, a, b, a + b >> 1, nearest][filter];
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
