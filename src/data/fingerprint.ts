/**
 * By what it is told that files have changed.
 * @module
 */
import { DECODERS } from "./decode_image.ts";
import type { ImageFile } from "./image_file.ts";
import { sha256 } from "./prepared_format.ts";

/**
 * Follows the decoders, names, sizes and times of change, and which are held out; a file that is gone
 * counts too.
 */
export async function fingerprintOf(
  files: readonly ImageFile[],
  heldOut?: Uint8Array,
): Promise<string> {
  const lines = files.map(({ name, path }, i) =>
    stateOf(name, path) + (heldOut?.[i] ? " held out" : "")
  );
  return await hexHash([`decoders ${DECODERS}`, ...lines].join("\n"));
}

/** A file's name, size and time of change; a dash where it is gone. */
export function stateOf(name: string, path: string): string {
  try {
    const { size, mtime } = Deno.statSync(path);
    return `${name} ${size} ${mtime?.getTime()}`;
  } catch {
    return `${name} -`;
  }
}

/** SHA-256 of a text, in hexadecimal. */
export async function hexHash(text: string): Promise<string> {
  const hash = await sha256(new TextEncoder().encode(text));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
