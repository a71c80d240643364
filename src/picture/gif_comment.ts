/**
 * A comment in a GIF file: a block of text that viewers pass over.
 *
 * @module
 */

const LONGEST = 255;

/** A GIF file with a comment of plain ASCII before its first frame. */
export function withGifComment(gif: Uint8Array, comment: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(comment);
  const block = [0x21, 0xfe];
  for (let i = 0; i < text.length; i += LONGEST) {
    const part = text.subarray(i, i + LONGEST);
    block.push(part.length, ...part);
  }
  const at = commentPlace(gif);
  const out = new Uint8Array(gif.length + block.length + 1);
  out.set(gif.subarray(0, at));
  out.set([...block, 0], at);
  out.set(gif.subarray(at), at + block.length + 1);
  return out;
}

/** The comment where {@linkcode withGifComment} puts it; undefined where there is none. */
export function gifComment(gif: Uint8Array): string | undefined {
  if (new TextDecoder().decode(gif.subarray(0, 4)) !== "GIF8") return undefined;
  let at = commentPlace(gif);
  if (gif[at] !== 0x21 || gif[at + 1] !== 0xfe) return undefined;
  let text = "";
  for (at += 2; gif[at] > 0; at += gif[at] + 1) {
    text += new TextDecoder().decode(gif.subarray(at + 1, at + 1 + gif[at]));
  }
  return text;
}

/** Behind the header, the palette, and the block that has the animation repeat. */
function commentPlace(gif: Uint8Array): number {
  let at = 13 + (gif[10] & 0x80 ? 3 * 2 ** ((gif[10] & 7) + 1) : 0);
  while (gif[at] === 0x21 && gif[at + 1] === 0xff) {
    at += 2;
    while (gif[at] > 0) at += gif[at] + 1;
    at++;
  }
  return at;
}
