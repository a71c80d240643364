/**
 * Text files as editors of any system save them.
 *
 * @module
 */

/**
 * Reads a text file: UTF-8, or as its byte order mark says; the mark is no part of the text.
 *
 * @throws {Error} as `Deno.readFile` does
 */
export async function readText(path: string): Promise<string> {
  return decodeText(await Deno.readFile(path));
}

/** Text from its bytes, see {@linkcode readText}. */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe
    ? "utf-16le"
    : first === 0xfe && second === 0xff
    ? "utf-16be"
    : "utf-8";
  return new TextDecoder(encoding).decode(bytes);
}
