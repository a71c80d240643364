/**
 * Images as a NumPy archive (.npz) that grows on disk: `arr_0` of uint8 (N, S, S, 3), as ADM's
 * evaluation reads it, of clips (N, T, S, S, 3), and `arr_1`, the classes, where there are any.
 * Until it is complete it is called FILE.partial. A later call can resume it: its length follows
 * from the number of its images. Features of images are one too, of float32 (N, d).
 *
 * @module
 */
import { concat } from "../../src/data/prepared_format.ts";
import { npyHeader } from "../../src/formats/npy.ts";
import { crc32 } from "../../src/formats/crc32.ts";
import { CommandError } from "../errors.ts";
import { PartialFile } from "./partial_file.ts";

interface Entry {
  readonly name: string;
  readonly size: number;
  readonly offset: number;
  crc: number;
}

const LARGEST = 0xffffffff;
const encoder = new TextEncoder();

/** Bytes, or float32. */
export type ItemType = "|u1" | "<f4";

/** An archive in the making. */
export class NpzWriter {
  readonly #entries: Entry[] = [];
  readonly #file: PartialFile;
  /** Images already in the file. */
  done = 0;

  private constructor(file: PartialFile) {
    this.#file = file;
  }

  /**
   * Creates the file, or resumes where an earlier call stopped.
   *
   * @param shape of an image, (S, S, 3), or a clip, (T, S, S, 3)
   * @param note settings of the images; a file with another note is refused
   * @param anew whether to discard an unfinished file
   * @param type of the numbers, as NumPy writes it
   * @throws {CommandError} when it can't be written, or the existing file was made with other
   *   settings
   */
  static async open(
    path: string,
    count: number,
    shape: readonly number[],
    note: string,
    anew = false,
    type: ItemType = "|u1",
  ): Promise<NpzWriter> {
    const file = await PartialFile.open(path, anew);
    try {
      const writer = new NpzWriter(file);
      await writer.#begin(count, shape, note, type);
      return writer;
    } catch (thrown) {
      file.close();
      throw thrown;
    }
  }

  async #begin(
    count: number,
    shape: readonly number[],
    note: string,
    type: ItemType,
  ): Promise<void> {
    const each = shape.reduce((product, n) => product * n, Number(type[2]));
    const noteBytes = encoder.encode(note);
    const header = npyHeader(type, [count, ...shape]);
    const first = concat([
      ...this.#local("rin.json", noteBytes.length, crc32(noteBytes), 0),
      noteBytes,
    ]);
    const second = this.#local("arr_0.npy", header.length + count * each, 0, first.length);
    const begin = concat([first, ...second, header]);
    const found = await this.#file.read(0, begin.length);
    if (found.some((byte, i) => begin[i] !== byte)) {
      throw new CommandError(
        `${this.#file.partial} was started with other settings: start over with --force, or choose ` +
          `another --out`,
      );
    }
    if (found.length < begin.length) await this.#file.write(begin, 0);
    this.done = Math.min(count, Math.floor((this.#file.length - begin.length) / each));
    let crc = crc32(header);
    for (let i = 0; i < this.done; i++) {
      crc = crc32(await this.#file.read(begin.length + i * each, each), crc);
    }
    this.#entries[1].crc = crc;
    await this.#file.truncate(begin.length + this.done * each);
  }

  /** Adds an image's bytes, or a clip's. */
  async add(bytes: Uint8Array): Promise<void> {
    await this.#file.write(bytes);
    this.#entries[1].crc = crc32(bytes, this.#entries[1].crc);
    this.done++;
  }

  /** Writes the classes and the table of contents, and gives the file its name. */
  async finish(labels?: readonly number[]): Promise<void> {
    if (labels) {
      const header = npyHeader("<i8", [labels.length]);
      const values = new Uint8Array(BigInt64Array.from(labels, BigInt).buffer);
      const [size, crc] = [header.length + values.length, crc32(values, crc32(header))];
      const local = this.#local("arr_1.npy", size, crc, this.#file.length);
      await this.#file.write(concat([...local, header, values]));
    }
    await this.#file.write(concat(contents(this.#entries, this.#file.length)));
    const checksum = new Uint8Array(4);
    new DataView(checksum.buffer).setUint32(0, this.#entries[1].crc, true);
    await this.#file.write(checksum, this.#entries[1].offset + 14);
    await this.#file.finish();
  }

  /** Closes it, so that a later call can resume it. */
  close(): void {
    this.#file.close();
  }

  /** The header of a file in the archive, stored as it is; its place is remembered. */
  #local(name: string, size: number, crc: number, offset: number): Uint8Array[] {
    const large = size >= LARGEST;
    this.#entries.push({ name, size, offset, crc });
    const view = new DataView(new ArrayBuffer(30));
    view.setUint32(0, 0x04034b50, true);
    view.setUint16(4, large ? 45 : 20, true);
    view.setUint16(12, 0x21, true); // the first day that it can name, so that equal images give equal files
    view.setUint32(14, crc, true);
    view.setUint32(18, large ? LARGEST : size, true);
    view.setUint32(22, large ? LARGEST : size, true);
    view.setUint16(26, name.length, true);
    view.setUint16(28, large ? 20 : 0, true);
    const extra = large ? [extra64([size, size])] : [];
    return [new Uint8Array(view.buffer), encoder.encode(name), ...extra];
  }
}

/** The table of contents; with its 64-bit form where 32 bits don't do. */
function contents(entries: readonly Entry[], start: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const { name, size, offset, crc } of entries) {
    const large = size >= LARGEST || offset >= LARGEST;
    const view = new DataView(new ArrayBuffer(46));
    view.setUint32(0, 0x02014b50, true);
    view.setUint16(4, 45, true);
    view.setUint16(6, large ? 45 : 20, true);
    view.setUint16(14, 0x21, true);
    view.setUint32(16, crc, true);
    view.setUint32(20, large ? LARGEST : size, true);
    view.setUint32(24, large ? LARGEST : size, true);
    view.setUint16(28, name.length, true);
    view.setUint16(30, large ? 28 : 0, true);
    view.setUint32(42, large ? LARGEST : offset, true);
    parts.push(new Uint8Array(view.buffer), encoder.encode(name));
    if (large) parts.push(extra64([size, size, offset]));
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const large = start + length >= LARGEST;
  if (large) {
    const view = new DataView(new ArrayBuffer(76));
    view.setUint32(0, 0x06064b50, true);
    view.setBigUint64(4, 44n, true);
    view.setUint16(12, 45, true);
    view.setUint16(14, 45, true);
    view.setBigUint64(24, BigInt(entries.length), true);
    view.setBigUint64(32, BigInt(entries.length), true);
    view.setBigUint64(40, BigInt(length), true);
    view.setBigUint64(48, BigInt(start), true);
    view.setUint32(56, 0x07064b50, true);
    view.setBigUint64(64, BigInt(start + length), true);
    view.setUint32(72, 1, true);
    parts.push(new Uint8Array(view.buffer));
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, length, true);
  end.setUint32(16, large ? LARGEST : start, true);
  return [...parts, new Uint8Array(end.buffer)];
}

function extra64(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 + 8 * values.length));
  view.setUint16(0, 1, true);
  view.setUint16(2, 8 * values.length, true);
  values.forEach((value, i) => view.setBigUint64(4 + 8 * i, BigInt(value), true));
  return new Uint8Array(view.buffer);
}
