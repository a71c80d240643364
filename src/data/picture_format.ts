// deno-lint-ignore-file no-control-regex -- files begin with such characters
/**
 * Detects formats of pictures by a file's first bytes and never by its name: misnamed files are
 * common in scraped folders.
 * @module
 */

/** Bytes that a format shows itself in. */
export const START = 32;

/** The formats that are decoded. */
const READABLE = ["PNG", "JPEG", "WebP", "BMP", "GIF"] as const;

/** One of them. */
export type Readable = (typeof READABLE)[number];

/** Names of other formats by the patterns that their files begin with. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^(II\*\0|MM\0\*|II\+\0|MM\0\+)/, "TIFF"],
  [/^....ftypavi[fs]/s, "AVIF"],
  [/^....ftyp(hei|hev|mif|msf)/s, "HEIF"],
  [/^(\xff\x0a|\0\0\0\x0cJXL )/, "JPEG XL"],
  [/^(\0\0\0\x0cjP {2}|\xff\x4f\xff\x51)/, "JPEG 2000"],
  [/^8BPS/, "a Photoshop file"],
  [/^\x93NUMPY/, "an array of numpy"],
  [/^\x80[\x02-\x05]/, "a pickle of Python"],
  [/^PK(\x03\x04|\x05\x06)/, "a zip file"],
  [/^\x1f\x8b/, "a gzip file"],
  [/^%PDF/, "a PDF"],
  [/^version https:\/\/git-lfs/, "a pointer of Git LFS, whose file was not fetched"],
  [/^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)/i, "a page of HTML"],
  [/^(\xef\xbb\xbf)?\s*<(\?xml|svg)/i, "XML or SVG"],
];

/** The format of a file that can be decoded; undefined of all others. */
export function readableFormat(start: Uint8Array): Readable | undefined {
  const text = latin1(start);
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (text.startsWith("\xff\xd8\xff")) return "JPEG";
  if (/^RIFF....WEBP/s.test(text)) return "WebP";
  if (text.startsWith("GIF87a") || text.startsWith("GIF89a")) return "GIF";
  // Two letters are few: the length of the header that follows must be one that exists.
  if (text.startsWith("BM") && [12, 16, 40, 52, 56, 64, 108, 124].includes(start[14])) return "BMP";
}

/** Describes a file's kind by its first bytes. */
export function describeFormat(start: Uint8Array): string {
  const text = latin1(start);
  const known = readableFormat(start) ?? OTHERS.find(([pattern]) => pattern.test(text))?.[1];
  if (known !== undefined) return known;
  if (/^[^\0-\x08\x0e-\x1f\x7f-\x9f]+$/.test(text)) {
    return `text that begins with ${JSON.stringify(text.split(/\r?\n/)[0].slice(0, 24))}`;
  }
  const hex = Array.from(start.subarray(0, 4), (b) => b.toString(16).padStart(2, "0"));
  return `something that starts with bytes ${hex.join(" ")}`;
}

function latin1(start: Uint8Array): string {
  return String.fromCharCode(...start.subarray(0, START));
}
