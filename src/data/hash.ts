/**
 * Small integer hashes: the only source of randomness in the data floor, so that the same seed
 * gives the same batches on every machine and nothing needs a saved state.
 * @module
 */

/** Spreads every bit of a u32 over all 32 bits (Wellons's lowbias32). Returns a u32. */
export function mix32(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * A u32 that depends on every given integer and on their order. Integers beyond 32 bits count in
 * full, up to 2^53.
 */
export function hash32(...values: readonly number[]): number {
  let h = 0x9e3779b9;
  for (const value of values) {
    h = mix32(h ^ (value >>> 0));
    h = mix32((h + (Math.floor(value / 2 ** 32) >>> 0) + 0x7f4a7c15) >>> 0);
  }
  return h;
}

const utf8 = new TextEncoder();

/** FNV-1a, 32 bits, of a text's UTF-8 bytes. */
export function fnv1a(text: string): number {
  let h = 0x811c9dc5;
  for (const byte of utf8.encode(text)) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}
