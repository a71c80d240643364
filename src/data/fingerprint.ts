/**
 * Fingerprints that detect changed files.
 * @module
 */
import { sha256 } from "./prepared_format.ts";

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
