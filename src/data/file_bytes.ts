/**
 * A file's bytes, read in ranges.
 * @module
 */
import type { SizedBytes } from "../formats/bytes.ts";

/** An open file; only the requested bytes of it are in memory. */
export class FileBytes implements SizedBytes {
  private constructor(readonly file: Deno.FsFile, readonly size: number) {}

  /** Opens a file; system errors pass through. */
  static open(path: string): FileBytes {
    const file = Deno.openSync(path);
    return new FileBytes(file, file.statSync().size);
  }

  read(at: number, length: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(Math.max(0, Math.min(length, this.size - at)));
    if (out.length === 0) return out;
    this.file.seekSync(at, Deno.SeekMode.Start);
    let done = 0;
    while (done < out.length) {
      const got = this.file.readSync(out.subarray(done));
      if (got === null) break;
      done += got;
    }
    return out.subarray(0, done);
  }

  /** Closes the file. */
  close(): void {
    this.file.close();
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }
}
