/**
 * The identity of a picture's checkpoint: a hash.
 *
 * @module
 */
import type { Checkpoint } from "./checkpoint.ts";

/** Metadata of a copy with the original's weights to the bit: the original's identity. */
export const SAME_WEIGHTS_AS = "same_weights_as";

/** Metadata of a copy in half precision: the original's identity. */
export const ROUNDED_FROM = "rounded_from";

/** sha-256 in hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  // Browsers have toHex() for a short time only.
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The identity of a checkpoint: the sha-256 of its file, or of the file that it has all its weights
 * from, to the bit. So a run's checkpoint and its export have the same identity.
 *
 * @param hash sha-256 of the file
 * @param about its metadata
 */
export function identityOf(hash: string, about: Checkpoint["about"] = {}): string {
  return about[SAME_WEIGHTS_AS] ?? hash;
}
