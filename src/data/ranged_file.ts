/**
 * Reads of any part of a file, several at a time.
 * @module
 */
import { DataError } from "./errors.ts";

/** Concurrent reads at most: enough to hide a disk's latency. */
const HANDLES = 8;

/** A file that is read in ranges and never as a whole. */
export class RangedFile {
  readonly #free: Deno.FsFile[];
  readonly #waiting: ((handle: Deno.FsFile) => void)[] = [];

  private constructor(
    readonly path: string,
    /** In bytes. */
    readonly length: number,
    readonly handles: readonly Deno.FsFile[],
  ) {
    this.#free = [...handles];
  }

  /** Opens a file; system errors pass through. */
  static async open(path: string): Promise<RangedFile> {
    const handles = [await Deno.open(path)];
    while (handles.length < HANDLES) handles.push(await Deno.open(path));
    return new RangedFile(path, (await handles[0].stat()).size, handles);
  }

  /**
   * Fills `out` with the bytes from `position` on.
   *
   * @throws {DataError} when the file ends before
   */
  async read(position: number, out: Uint8Array): Promise<Uint8Array> {
    // A handle has one position, so each read owns it from the seek to the end.
    const handle = this.#free.pop() ??
      await new Promise<Deno.FsFile>((resolve) => this.#waiting.push(resolve));
    try {
      handle.seekSync(position, Deno.SeekMode.Start);
      for (let at = 0; at < out.length;) {
        const got = await handle.read(out.subarray(at));
        if (got === null) throw this.#tooShort(position + out.length);
        at += got;
      }
      return out;
    } finally {
      const next = this.#waiting.shift();
      if (next) next(handle);
      else this.#free.push(handle);
    }
  }

  /** Closes it; no read must be in progress. */
  close(): void {
    for (const handle of this.handles) handle.close();
  }

  #tooShort(needed: number): DataError {
    return new DataError(
      `Cannot read ${this.path}: it ends before byte ${needed}; it is damaged or was changed ` +
        `meanwhile, prepare it again`,
    );
  }
}
