/**
 * Images as a tar archive that grows on disk: numbered PNGs, with `--class` each with its class as
 * text next to it (000017.png, 000017.cls, as WebDataset reads them). Until it is complete it is
 * called FILE.partial, and a later call resumes it after the last whole entry. The same images give
 * the same file: it holds no time and no owner.
 *
 * @module
 */
import { CommandError } from "../errors.ts";
import { PartialFile } from "./partial_file.ts";

const BLOCK = 512;
const encoder = new TextEncoder();

/** A file of the archive. */
export interface TarEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An archive in the making. */
export class TarWriter {
  private constructor(private readonly file: PartialFile) {}

  /**
   * Creates the archive, or resumes after its existing entries.
   *
   * @param anew whether to discard an unfinished file
   * @throws {CommandError} when it can't be written
   */
  static async open(path: string, anew = false): Promise<TarWriter> {
    return new TarWriter(await PartialFile.open(path, anew));
  }

  /**
   * Yields the whole entries in order; the next added entry overwrites everything behind the last
   * one taken.
   *
   * @throws {CommandError} when it holds something else than this module writes
   */
  async *entries(): AsyncGenerator<TarEntry> {
    let at = 0;
    for (;;) {
      const header = await this.file.read(at, BLOCK);
      // Zeros end an archive, which is then written once more.
      if (header.length < BLOCK || header.every((byte) => byte === 0)) break;
      const text = (from: number, to: number) =>
        new TextDecoder().decode(header.subarray(from, to)).replace(/\0.*/s, "");
      const entry = { name: text(0, 100), size: parseInt(text(124, 136), 8) };
      if (tarHeader(entry.name, entry.size).some((byte, i) => header[i] !== byte)) {
        throw new CommandError(
          `${this.file.partial} is not an archive of rin sample: start over with --force, or choose ` +
            `another --out`,
        );
      }
      const end = at + BLOCK + padded(entry.size);
      if (end > this.file.length) break;
      yield { name: entry.name, bytes: await this.file.read(at + BLOCK, entry.size) };
      at = end;
    }
    await this.file.truncate(at);
  }

  /** Adds a file. */
  async add({ name, bytes }: TarEntry): Promise<void> {
    const entry = new Uint8Array(BLOCK + padded(bytes.length));
    entry.set(tarHeader(name, bytes.length));
    entry.set(bytes, BLOCK);
    await this.file.write(entry);
  }

  /** Ends the archive and gives the file its name. */
  async finish(): Promise<void> {
    await this.file.write(new Uint8Array(2 * BLOCK));
    await this.file.finish();
  }

  /** Closes it, so that a later call can resume it. */
  close(): void {
    this.file.close();
  }
}

const padded = (size: number) => Math.ceil(size / BLOCK) * BLOCK;

/** The header of a file: ustar (POSIX.1-1988), readable by all, of nobody, from the first second. */
function tarHeader(name: string, size: number): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  const put = (at: number, text: string) => header.set(encoder.encode(text).subarray(0, 100), at);
  put(0, name);
  put(100, octal(0o644, 7)); // mode
  put(108, octal(0, 7)); // user
  put(116, octal(0, 7)); // group
  put(124, octal(size, 11));
  put(136, octal(0, 11)); // time
  put(148, " ".repeat(8)); // the checksum counts itself as spaces
  put(156, "0"); // a file
  put(257, "ustar\x0000");
  put(148, octal(header.reduce((sum, byte) => sum + byte, 0), 6) + "\0");
  return header;
}
