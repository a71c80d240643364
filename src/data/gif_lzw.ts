/**
 * The compression of GIF.
 * @module
 */
import { DataError } from "./errors.ts";

const MAX_CODES = 4096;

/** The number of a pixel that is missing; no color has it. */
const MISSING = 256;

/**
 * The color numbers of a frame. Numbers missing from a file that was cut off are
 * {@linkcode MISSING}; surplus numbers are ignored.
 *
 * @param start where the frame's code size stands, followed by its blocks
 * @param count number of pixels
 * @throws {DataError} when there is a code that can't be
 */
export function decompress(bytes: Uint8Array, start: number, count: number): Uint16Array {
  if (start >= bytes.length) return new Uint16Array(count).fill(MISSING);
  const root = bytes[start];
  if (!(root >= 1 && root <= 8)) throw damaged(`codes of ${root} bits`);
  const [clear, end] = [1 << root, (1 << root) + 1];
  // A code stands for the pixels of its prefix and one more.
  const prefix = new Uint16Array(MAX_CODES);
  const suffix = new Uint8Array(MAX_CODES);
  for (let i = 0; i < clear; i++) suffix[i] = i;
  const lengths = new Uint16Array(MAX_CODES).fill(1);
  const out = new Uint16Array(count).fill(MISSING);
  let [next, width, previous, at] = [end + 1, root + 1, -1, 0];
  let [bits, held] = [0, 0];
  for (const byte of blockBytes(bytes, start + 1)) {
    held |= byte << bits;
    bits += 8;
    while (bits >= width) {
      const code = held & ((1 << width) - 1);
      held >>>= width;
      bits -= width;
      if (code === end) return out;
      if (code === clear) {
        [next, width, previous] = [end + 1, root + 1, -1];
        continue;
      }
      const isNew = code === next && previous >= 0;
      if (code > next || (code === next && !isNew) || (previous < 0 && code > end)) {
        throw damaged("a code that is not defined yet");
      }
      // A code that is just being defined is the previous one and its own first pixel.
      const length = isNew ? lengths[previous] + 1 : lengths[code];
      let from = isNew ? previous : code;
      let place = at + length - 1 - (isNew ? 1 : 0);
      // Numbers beyond the end of an array are not written.
      for (; place > at; place--, from = prefix[from]) out[place] = suffix[from];
      const first = suffix[from];
      out[at] = first;
      if (isNew) out[at + length - 1] = first;
      if (at + length >= count) return out;
      if (previous >= 0 && next < MAX_CODES) {
        prefix[next] = previous;
        suffix[next] = first;
        lengths[next] = lengths[previous] + 1;
        next++;
        if (next === 1 << width && width < 12) width++;
      }
      previous = code;
      at += length;
    }
  }
  return out;
}

/** The bytes of blocks that each begin with their length, up to an empty one. */
function* blockBytes(bytes: Uint8Array, start: number): Generator<number> {
  for (let at = start; bytes[at] > 0; at += 1 + bytes[at]) {
    yield* bytes.subarray(at + 1, at + 1 + bytes[at]);
  }
}

function damaged(what: string): DataError {
  return new DataError(
    `Cannot decode GIF: the file is damaged (a frame has ${what}); replace or remove it`,
  );
}
