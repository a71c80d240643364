/**
 * A file that grows for long. Until it is complete it is FILE.partial, which a later call resumes.
 *
 * @module
 */
import { type Target, targetOf } from "../../src/files/target.ts";
import { cannotWrite, moveFile } from "../../src/files/write_file.ts";
import { CommandError } from "../errors.ts";
import { hasContent } from "./overwrite.ts";

/** The file in the making. */
export class PartialFile {
  private constructor(
    /** The file that it replaces. */
    private readonly target: Target,
    /** Its name until then. */
    readonly partial: string,
    private readonly file: Deno.FsFile,
    /** Bytes in the file. */
    public length: number,
  ) {}

  /**
   * Opens or creates FILE.partial: next to the file itself where FILE is a link.
   *
   * @param anew whether to discard an unfinished file
   * @throws {CommandError} when it can't be written, or another process is writing it
   */
  static async open(path: string, anew = false): Promise<PartialFile> {
    const target = await targetOf(path);
    const partial = `${target.path}.partial`;
    try {
      const file = await Deno.open(partial, { read: true, write: true, create: true });
      // Some network file systems have no locks.
      if (!await file.tryLock(true).catch(() => true)) {
        file.close();
        throw new CommandError(
          `Cannot write ${partial}: another process is writing it; wait for that one, or choose ` +
            `another --out`,
        );
      }
      if (anew) await file.truncate();
      return new PartialFile(target, partial, file, (await file.stat()).size);
    } catch (thrown) {
      throw thrown instanceof CommandError ? thrown : cannotWrite(partial, thrown);
    }
  }

  /** @throws {CommandError} when FILE.partial holds what an earlier command has made */
  static async expectNone(path: string): Promise<void> {
    const partial = `${(await targetOf(path)).path}.partial`;
    if (!await hasContent(partial)) return;
    throw new CommandError(
      `Cannot write ${path}: ${partial} is left from a command that was interrupted; continue that ` +
        `command, choose another --out, or discard it with --force`,
    );
  }

  /** Reads from `at` on, fewer bytes where the file ends before. */
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

  /** Appends, or writes at an existing place. */
  async write(bytes: Uint8Array, at = this.length): Promise<void> {
    try {
      await this.file.seek(at, Deno.SeekMode.Start);
      for (let done = 0; done < bytes.length;) done += await this.file.write(bytes.subarray(done));
      this.length = Math.max(this.length, at + bytes.length);
    } catch (thrown) {
      throw cannotWrite(this.partial, thrown);
    }
  }

  /** Cuts off bytes beyond `length`, left by a stop. */
  async truncate(length: number): Promise<void> {
    await this.file.truncate(length);
    this.length = length;
  }

  /** Gives the file, which is whole now, its name. */
  async finish(): Promise<void> {
    try {
      await this.file.sync();
      this.file.close();
    } catch (thrown) {
      throw cannotWrite(this.partial, thrown);
    }
    await moveFile(this.partial, this.target);
  }

  /** Closes it, so that a later call can resume it. */
  close(): void {
    this.file.close();
  }
}
