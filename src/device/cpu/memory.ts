/**
 * The one memory of a CPU device: everything that kernels read and write lies in it.
 *
 * @module
 */
import { DeviceLimitError, DeviceLostError, SMALLER } from "../errors.ts";
import { aligned, ALIGNMENT, Allocator } from "./allocator.ts";

/** Bytes of a page of WebAssembly. */
const PAGE = 65536;

/** The most that 32-bit addresses reach: 4 GiB. */
const MAX_BYTES = 2 ** 32;

/** Pages that a memory begins with. */
const FIRST_PAGES = 16;

/** Fewer pages than this aren't worth a device. */
const MIN_PAGES = 256;

/**
 * Reserves the addresses of a memory; asks for fewer where the engine has less than 32 bits of them
 * left.
 *
 * @param limit bytes to which the memory can grow, 1 MiB or more
 * @throws {RangeError} when the engine refuses even 16 MiB
 */
export function reserve(
  shared: boolean,
  limit = MAX_BYTES,
): { memory: WebAssembly.Memory; maximum: number } {
  for (let maximum = Math.floor(limit / PAGE);; maximum = Math.floor(maximum / 2)) {
    try {
      const memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum, shared });
      return { memory, maximum: maximum * PAGE };
    } catch (error) {
      if (maximum <= MIN_PAGES) throw error;
    }
  }
}

/**
 * A memory with its allocator. The host alone grows it. Growing can outdate views, so callers make a
 * view for each use and never keep it.
 */
export class LinearMemory {
  /** Address of the words of the threads' barrier: 64 bytes, 0 at first, see barrier.ts. */
  readonly barrier: number;
  #memory: WebAssembly.Memory | undefined;
  #maximum: number;
  #allocator: Allocator;
  #bytes = 0;
  /** Nothing was ever written from here on: it holds zeros. */
  #untouched: number;

  /**
   * @param memory the WebAssembly memory
   * @param maximum bytes to which it can grow
   * @param base the first address that is free to use
   */
  constructor(memory: WebAssembly.Memory, maximum: number, base: number) {
    this.#memory = memory;
    this.#maximum = maximum;
    this.barrier = aligned(base);
    this.#allocator = new Allocator(this.barrier + ALIGNMENT);
    this.#allocator.extend(memory.buffer.byteLength);
    this.#untouched = this.barrier + ALIGNMENT;
  }

  /** Bytes handed out at this moment. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Allocates memory, and grows it where needed. Its contents are undefined.
   *
   * @param label its purpose, for the error
   * @throws {DeviceLimitError} when there isn't as much
   */
  allocate(bytes: number, label: string): number {
    this.#check();
    let address = this.#allocator.allocate(bytes);
    if (address === undefined) {
      this.#grow(bytes, label);
      address = this.#allocator.allocate(bytes)!;
    }
    const size = this.#allocator.sizeOf(address);
    this.#bytes += size;
    this.#untouched = Math.max(this.#untouched, address + size);
    return address;
  }

  /** As {@linkcode LinearMemory.allocate}, filled with zeros. */
  allocateZeros(bytes: number, label: string): number {
    const untouched = this.#untouched;
    const address = this.allocate(bytes, label);
    const dirty = Math.min(bytes, untouched - address);
    if (dirty > 0) this.words(address, Math.ceil(dirty / 4)).fill(0);
    return address;
  }

  /** Frees memory for reuse. */
  free(address: number): void {
    this.freeLater(address, (free) => free());
  }

  /** Frees memory when `later` calls back; the memory counts as free at once. */
  freeLater(address: number, later: (free: () => void) => void): void {
    if (this.#memory === undefined) return;
    this.#bytes -= this.#allocator.sizeOf(address);
    later(() => this.#allocator.free(address));
  }

  /** A view of `count` words. It is good until memory is next handed out. */
  words(address: number, count: number): Int32Array {
    return new Int32Array(this.#buffer, address, count);
  }

  /** Copies bytes in. */
  set(address: number, data: ArrayBufferView): void {
    const { buffer, byteOffset, byteLength } = data;
    new Uint8Array(this.#buffer, address, byteLength)
      .set(new Uint8Array(buffer, byteOffset, byteLength));
  }

  /** Copies floats out. */
  floats(address: number, count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(new Float32Array(this.#buffer, address, count));
  }

  /** Copies bytes from one place to another. */
  move(from: number, to: number, bytes: number): void {
    new Uint8Array(this.#buffer).copyWithin(to, from, from + bytes);
  }

  /** Gives all of it back to the engine. */
  destroy(): void {
    this.#memory = undefined;
    this.#bytes = 0;
  }

  get #buffer(): ArrayBufferLike {
    return this.#check().buffer;
  }

  #check(): WebAssembly.Memory {
    if (this.#memory === undefined) throw new DeviceLostError("The CPU device was destroyed");
    return this.#memory;
  }

  #grow(bytes: number, label: string): void {
    const end = this.#allocator.endFor(bytes);
    const held = this.#buffer.byteLength;
    if (end > this.#maximum) throw this.#tooMuch(bytes, label, `ends at ${mib(this.#maximum)}`);
    try {
      this.#memory!.grow(Math.ceil((end - held) / PAGE));
    } catch {
      throw this.#tooMuch(bytes, label, `did not grow beyond ${mib(held)}`);
    }
    this.#allocator.extend(this.#buffer.byteLength);
  }

  #tooMuch(bytes: number, label: string, limit: string): DeviceLimitError {
    return new DeviceLimitError(
      `This model needs ${mib(bytes)} (${label}) beside the ${mib(this.#bytes)} in use, and the ` +
        `CPU device's memory ${limit}; ${SMALLER}`,
    );
  }
}

const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
