/**
 * The text of PNGs in all three kinds of chunk: programs that save a picture again choose their own.
 *
 * @module
 */
import { Unzlib } from "fflate";
import { pngChunks } from "./animated_png.ts";

/** Bytes of a packed text to read at most: a few can stand for gigabytes. */
const MAX_TEXT = 2 ** 20;

/** The text of a whole PNG by keyword, none of one that is cut off or damaged. */
export function pngText(png: Uint8Array): Record<string, string> | undefined {
  const text: Record<string, string> = {};
  for (const { type, data } of pngChunks(png)) {
    if (type === "IEND") return text;
    const found = readers[type]?.(data);
    if (found) text[found.keyword] = found.text;
  }
}

interface Found {
  readonly keyword: string;
  readonly text: string;
}

const latin1 = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

/** Keyword, zero, then: the text; a byte, and the packed text; five fields, the text last, packed or not. */
const readers: Readonly<Record<string, (data: Uint8Array) => Found | undefined>> = {
  tEXt: (data) => {
    const { keyword, rest } = split(data);
    return { keyword, text: latin1(rest) };
  },
  zTXt: (data) => {
    const { keyword, rest } = split(data);
    const text = unpacked(rest.subarray(1));
    return text && { keyword, text: latin1(text) };
  },
  iTXt: (data) => {
    const { keyword, rest } = split(data);
    const { rest: afterLanguage } = split(rest.subarray(2));
    const { rest: raw } = split(afterLanguage);
    const text = rest[0] === 1 ? unpacked(raw) : raw;
    return text && { keyword, text: new TextDecoder().decode(text) };
  },
};

function split(data: Uint8Array): { keyword: string; rest: Uint8Array } {
  const zero = data.indexOf(0);
  const end = zero < 0 ? data.length : zero;
  return { keyword: latin1(data.subarray(0, end)), rest: data.subarray(end + 1) };
}

/** None where it is damaged, or larger than a text of ours. */
function unpacked(data: Uint8Array): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  const stream = new Unzlib((part, last) => {
    size += part.length;
    if (size <= MAX_TEXT) parts.push(part);
    ended = last;
  });
  try {
    // In small pieces, so that a bomb is noticed before it has grown.
    for (let at = 0; at < data.length && size <= MAX_TEXT; at += 1024) {
      stream.push(data.subarray(at, at + 1024), at + 1024 >= data.length);
    }
  } catch {
    return undefined;
  }
  if (!ended || size > MAX_TEXT) return undefined;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
