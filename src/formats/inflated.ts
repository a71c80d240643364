/**
 * Packed bytes, read unpacked.
 *
 * @module
 */
import { Gunzip, Inflate } from "fflate";
import { type Bytes, exactly } from "./bytes.ts";
import { crc32 } from "./crc32.ts";
import { FormatError } from "./format_error.ts";

/** Packed bytes to unpack at a time: they can become a thousand times as many. */
const STEP = 16384;

/**
 * Bytes behind deflate or gzip, unpacked from front to back and not kept: reading forward is cheap,
 * and reading back starts over.
 */
export class Inflated implements Bytes {
  /** Unpacked bytes that may still be read; they begin at `#begin`. */
  #parts: Uint8Array[] = [];
  #begin = 0;
  #end = 0;
  /** The place in the packed bytes, and whether all of them were taken. */
  #taken = 0;
  #done = false;
  /** Checksum of all that was unpacked, and whether it is that of the file's end. */
  #sum = 0;
  #oneSum = true;
  #stream = this.#start();
  /** Damage lies at one place: the bytes behind it can't be reached. */
  #failure?: FormatError;

  constructor(readonly packed: Bytes, readonly kind: "deflate" | "gzip") {}

  /** @throws {FormatError} when the packed bytes are damaged or end early */
  read(at: number, length: number): Uint8Array<ArrayBuffer> {
    if (at < this.#begin) this.#rewind();
    while (this.#end < at + length && !this.#done) {
      this.#step();
      this.#forget(at);
    }
    this.#forget(at);
    const out = new Uint8Array(Math.max(0, Math.min(length, this.#end - at)));
    let place = this.#begin;
    for (const part of this.#parts) {
      const [from, to] = [at - place, at + out.length - place];
      if (from < part.length && to > 0) {
        out.set(part.subarray(Math.max(0, from), to), Math.max(0, -from));
      }
      place += part.length;
    }
    return out;
  }

  #start(): { push(bytes: Uint8Array, final: boolean): void } {
    const take = (part: Uint8Array) => {
      this.#parts.push(part);
      this.#end += part.length;
      if (this.kind === "gzip") this.#sum = crc32(part, this.#sum);
    };
    if (this.kind === "deflate") return new Inflate(take);
    const stream = new Gunzip(take);
    // With several files in one, each has its own checksum.
    stream.onmember = () => this.#oneSum = false;
    return stream;
  }

  #rewind(): void {
    this.#parts = [];
    [this.#begin, this.#end, this.#taken, this.#sum] = [0, 0, 0, 0];
    this.#done = false;
    this.#stream = this.#start();
  }

  #step(): void {
    if (this.#failure) throw this.#failure;
    const next = this.packed.read(this.#taken, STEP);
    this.#taken += next.length;
    this.#done = next.length < STEP;
    try {
      this.#stream.push(next, this.#done);
      if (this.#done && this.kind === "gzip" && this.#oneSum) this.#expectSum();
    } catch {
      this.#failure = new FormatError("its packed data are damaged or incomplete");
      throw this.#failure;
    }
  }

  #expectSum(): void {
    const { buffer, byteOffset } = exactly(this.packed, this.#taken - 8, 8);
    if (new DataView(buffer, byteOffset).getUint32(0, true) !== this.#sum) throw new Error();
  }

  /** Drops the bytes before a place. */
  #forget(at: number): void {
    while (this.#parts.length > 0 && this.#begin + this.#parts[0].length <= at) {
      this.#begin += this.#parts.shift()!.length;
    }
  }
}
