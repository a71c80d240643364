/**
 * One process for a run's folder.
 *
 * @module
 */
import { cannotWrite } from "../files/write_file.ts";
import { RunLockedError } from "./errors.ts";

/** The file that is locked; it holds the process's number and stays when the process has ended. */
export const LOCK = ".lock";

/**
 * Held by one process at a time. The system releases it when the process ends, however it ends, so
 * that none is left behind.
 */
export class FolderLock {
  #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /**
   * Takes the lock of a folder.
   *
   * @throws {RunLockedError} when another process has it
   * @throws {FileError} when the folder can't be written
   */
  static async take(folder: string): Promise<FolderLock> {
    const path = `${folder}/${LOCK}`;
    let file: Deno.FsFile;
    try {
      file = await Deno.open(path, { read: true, write: true, create: true });
    } catch (thrown) {
      throw cannotWrite(path, thrown);
    }
    if (await file.tryLock(true)) {
      const number = new TextEncoder().encode(`${Deno.pid}\n`);
      // For messages alone: on a full disk the run can still continue.
      await file.truncate().then(() => file.write(number)).catch(() => {});
      return new FolderLock(file);
    }
    file.close();
    const pid = await Deno.readTextFile(path).catch(() => "");
    throw new RunLockedError(folder, /^\d+\n$/.test(pid) ? Number(pid) : undefined);
  }

  /** Lets go of it. */
  release(): void {
    this.#file.close();
  }
}
