/**
 * A file that grows for long: FILE.partial until it is whole, so that it can be gone on with.
 *
 * @module
 */
import { cannotWrite, syncFile } from "../../src/files/write_file.ts";

/** The file in the making. */
export class PartialFile {
  private constructor(
    /** What it will be called. */
    readonly path: string,
    private readonly file: Deno.FsFile,
    /** Bytes that are there. */
    public length: number,
  ) {}

  /**
   * Opens FILE.partial, or begins it.
   *
   * @throws {CommandError} when it can't be written
   */
  static async open(path: string): Promise<PartialFile> {
    try {
      const options = { read: true, write: true, create: true };
      const file = await Deno.open(`${path}.partial`, options);
      return new PartialFile(path, file, (await file.stat()).size);
    } catch (thrown) {
      throw cannotWrite(`${path}.partial`, thrown);
    }
  }

  /** Bytes from `at` on, fewer where it ends before. */
  async read(at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.length - at)));
    await this.file.seek(at, Deno.SeekMode.Start);
    for (let read = 0; read < bytes.length;) {
      const n = await this.file.read(bytes.subarray(read));
      if (n === null) return bytes.slice(0, read);
      read += n;
    }
    return bytes;
  }

  /** Adds to its end, or writes at a place that is there already. */
  async write(bytes: Uint8Array, at = this.length): Promise<void> {
    try {
      await this.file.seek(at, Deno.SeekMode.Start);
      for (let done = 0; done < bytes.length;) done += await this.file.write(bytes.subarray(done));
      this.length = Math.max(this.length, at + bytes.length);
    } catch (thrown) {
      throw cannotWrite(`${this.path}.partial`, thrown);
    }
  }

  /** Cuts what a stop has left beyond `length`. */
  async truncate(length: number): Promise<void> {
    await this.file.truncate(length);
    this.length = length;
  }

  /** Gives the file, which is whole now, its name. */
  async finish(): Promise<void> {
    try {
      await this.file.sync();
      this.file.close();
      await Deno.rename(`${this.path}.partial`, this.path);
    } catch (thrown) {
      throw cannotWrite(this.path, thrown);
    }
    await syncFile(this.path);
  }

  /** Leaves it to be gone on with. */
  close(): void {
    this.file.close();
  }
}
