/**
 * A build for the memory of one thread, made from the same build for memory that threads share. With
 * one thread the kernels use no atomic instruction, so they differ in what they import alone.
 *
 * @module
 */

/** Limits with a maximum, in WebAssembly's binary format. */
const UNSHARED = 1;
const SHARED = 3;

/**
 * The build for memory that isn't shared.
 *
 * @param shared the bytes of a build for shared memory
 * @throws {RangeError} when it imports none
 */
export function unshared(shared: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(shared);
  // The memory by its two names, and that it is one; the flags of its limits follow.
  const entry = new TextEncoder().encode("\x03env\x06memory\x02");
  const place = bytes.findIndex((_, start) => entry.every((byte, i) => bytes[start + i] === byte));
  const flags = place + entry.length;
  if (place < 0 || bytes[flags] !== SHARED) throw new RangeError("The build shares no memory");
  bytes[flags] = UNSHARED;
  return bytes;
}
