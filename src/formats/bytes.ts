/**
 * Bytes read in ranges, from memory or files.
 *
 * @module
 */
import { FormatError } from "./format_error.ts";

/** Bytes to read from. */
export interface Bytes {
  /** Up to so many bytes from a place on; fewer where they end before. */
  read(at: number, length: number): Uint8Array<ArrayBuffer>;
}

/** Bytes of known length. */
export interface SizedBytes extends Bytes {
  readonly size: number;
}

/**
 * So many bytes from a place on.
 *
 * @throws {FormatError} when they end before
 */
export function exactly(bytes: Bytes, at: number, length: number): Uint8Array<ArrayBuffer> {
  const found = bytes.read(at, length);
  if (found.length === length) return found;
  throw new FormatError(`it ends ${length - found.length} bytes too early`);
}

/** Bytes in memory, read as views. */
export function inMemory(bytes: Uint8Array<ArrayBuffer>): SizedBytes {
  return {
    size: bytes.length,
    read: (at, length) => bytes.subarray(Math.min(at, bytes.length), at + length),
  };
}

/** A range of other bytes. */
export function rangeOf(bytes: Bytes, begin: number, size: number): SizedBytes {
  return {
    size,
    read: (at, length) => bytes.read(begin + at, Math.max(0, Math.min(length, size - at))),
  };
}
