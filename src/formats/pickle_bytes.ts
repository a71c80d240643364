/**
 * The bytes of a pickle, read from front to back.
 *
 * @module
 */
import { FormatError } from "./format_error.ts";

/** A position in some bytes; reading beyond their end is an error. */
export class PickleBytes {
  #at = 0;
  #view: DataView;

  constructor(readonly bytes: Uint8Array<ArrayBuffer>) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The bytes read by the next call, as many as it needs. */
  #advance(count: number): number {
    const begin = this.#at;
    if (begin + count > this.bytes.length) throw new FormatError("its pickle is truncated");
    this.#at += count;
    return begin;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  uint64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  /** A two's complement integer of so many bytes; NaN beyond 8. */
  integer(length: number): number {
    const begin = this.#advance(length);
    if (length > 8) return NaN;
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = value << 8n | BigInt(this.bytes[begin + i]);
    return Number(BigInt.asIntN(8 * length, value));
  }

  text(length: number): string {
    return new TextDecoder().decode(this.raw(length));
  }

  raw(length: number): Uint8Array<ArrayBuffer> {
    const begin = this.#advance(length);
    return this.bytes.subarray(begin, begin + length);
  }

  /** Up to the next line feed, which is left out. */
  line(): string {
    const end = this.bytes.indexOf(10, this.#at);
    if (end < 0) throw new FormatError("its pickle is truncated");
    const text = this.text(end - this.#at);
    this.#at = end + 1;
    return text;
  }
}
