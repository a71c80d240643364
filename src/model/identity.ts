/**
 * Which checkpoint a picture was made with: the hash that it is known by.
 *
 * @module
 */
import type { Checkpoint } from "./checkpoint.ts";

/** Metadata of a copy whose weights are the original's to the bit: the original's identity. */
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
 * What a checkpoint is known by: the sha-256 of its file, or of the one that it has its weights
 * from, if it has them all to the bit. So what a run's checkpoint and its export draw is the same.
 *
 * @param hash sha-256 of the file
 * @param about its metadata
 */
export function identityOf(hash: string, about: Checkpoint["about"] = {}): string {
  return about[SAME_WEIGHTS_AS] ?? hash;
}
