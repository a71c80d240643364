/**
 * Bytes as base64: Uint8Array's own toBase64 is in Node since 25 only.
 *
 * @module
 */

/** Bytes that become arguments of one call. */
const CHUNK = 8192;

/** Writes bytes as base64, padded. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  }
  return btoa(text);
}
