/**
 * C structures in memory, for functions of libraries.
 *
 * @module
 */

/** A field's place, its size in bytes, and what it holds. */
type Field = readonly [offset: number, bytes: 4 | 8, value: number | bigint | Memory];

/** Bytes that C code can read and write. They live as long as this object. */
export class Memory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  /** What it points at must live as long. */
  readonly #held: readonly Field[];

  constructor(size: number, ...fields: Field[]) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
    this.#held = fields;
    for (const [offset, bytes, value] of this.#held) {
      const number = value instanceof Memory ? value.address : value;
      if (bytes === 4) this.view.setUint32(offset, Number(number), true);
      else this.view.setBigUint64(offset, BigInt(number), true);
    }
  }

  /** A copy of bytes. */
  static of(bytes: Uint8Array): Memory {
    const memory = new Memory(bytes.length);
    memory.bytes.set(bytes);
    return memory;
  }

  /** Structures one after another. */
  static list(items: readonly Memory[]): Memory {
    const size = items.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const list = new Memory(size);
    let offset = 0;
    for (const { bytes } of items) {
      list.bytes.set(bytes, offset);
      offset += bytes.length;
    }
    return list;
  }

  /** Text that ends with a zero. */
  static text(text: string): Memory {
    return Memory.of(new TextEncoder().encode(`${text}\0`));
  }

  get address(): bigint {
    return Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.bytes));
  }

  /** The 8 bytes at an offset: a pointer or a handle. */
  handle(offset = 0): bigint {
    return this.view.getBigUint64(offset, true);
  }

  /** The text from an offset up to a zero. */
  textAt(offset: number): string {
    const end = this.bytes.indexOf(0, offset);
    return new TextDecoder().decode(this.bytes.subarray(offset, end < 0 ? undefined : end));
  }
}
