/**
 * A file's bytes, read in ranges.
 * @module
 */
import type { SizedBytes } from "../formats/bytes.ts";

/** A file that is open; it holds no more of it in memory than what is asked for. */
export class FileBytes implements SizedBytes {
  private constructor(readonly file: Deno.FsFile, readonly size: number) {}

  /** Opens a file; what the system throws where that fails is left as it is. */
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
