/**
 * The folder of a run: its files and their names.
 *
 * @module
 */
import {
  linkFile,
  makeFolder,
  removeFile,
  removeTemporary,
  writeFile,
} from "../files/write_file.ts";
import { BEST, KEPT, LAST } from "./checkpoint_file.ts";
import { ownFolder, RUN_NAMES } from "../files/own_folders.ts";
import { ForeignFilesError, RunError, RunExistsError } from "./errors.ts";
import { FolderLock, LOCK } from "./folder_lock.ts";

/**
 * Writes a run's config and checkpoints; its loggers write the rest. Until it is closed, no other
 * process can train into it.
 */
export class RunFolder {
  #lock: FolderLock | undefined;

  private constructor(readonly path: string, lock?: FolderLock) {
    this.#lock = lock;
  }

  /**
   * A new run's folder.
   *
   * @param force whether files of something else are written over
   * @throws {RunExistsError} when the folder holds a run already
   * @throws {ForeignFilesError} when the folder holds other files under a run's names
   * @throws {RunLockedError} when another process trains into it
   * @throws {FileError} when it can't be made
   */
  static async create(path: string, force = false): Promise<RunFolder> {
    if (!force) await refuseForeign(path);
    await makeFolder(path);
    const folder = await RunFolder.#enter(path);
    if (!await folder.hasCheckpoint()) return folder;
    await folder.close();
    throw new RunExistsError(path);
  }

  /**
   * Opens the folder of a run to resume.
   *
   * @throws {RunError} when there is no checkpoint, or another process trains the run
   */
  static async open(path: string): Promise<RunFolder> {
    if (await exists(`${path}/${LAST}`)) return await RunFolder.#enter(path);
    throw new RunError(() =>
      `Cannot resume ${path}: the run saved no checkpoint, or it is not a run's folder`
    );
  }

  /** The folder of a run that another process writes. */
  static elsewhere(path: string): RunFolder {
    return new RunFolder(path);
  }

  /** Takes the folder for this process, and removes unfinished files that a crash left. */
  static async #enter(path: string): Promise<RunFolder> {
    const lock = await FolderLock.take(path);
    for (const folder of [path, `${path}/samples`, `${path}/${KEPT}`]) {
      await removeTemporary(folder);
    }
    return new RunFolder(path, lock);
  }

  /** Whether there is a checkpoint to resume from. */
  hasCheckpoint(): Promise<boolean> {
    return exists(`${this.path}/${LAST}`);
  }

  /** Lets others train into the folder; takes it away where nothing has been written into it. */
  async close(): Promise<void> {
    if (this.#lock === undefined) return;
    const entries = await Array.fromAsync(Deno.readDir(this.path)).catch(() => []);
    this.#lock.release();
    if (entries.length === 1 && entries[0].name === LOCK) {
      await Deno.remove(this.path, { recursive: true }).catch(() => {});
    }
  }

  /** Writes the fields that the run is made from. */
  async writeConfig(fields: Readonly<Record<string, unknown>>): Promise<void> {
    await writeFile(`${this.path}/config.json`, JSON.stringify(fields, null, 2) + "\n");
  }

  /**
   * Writes the checkpoint that the run resumes from.
   *
   * @param linkFrom a file that holds the same bytes already: the result of
   * {@linkcode RunFolder.writeBest} or {@linkcode RunFolder.keepCheckpoint}
   */
  writeLast(bytes: Uint8Array, linkFrom?: string): Promise<string> {
    return writeOrLink(`${this.path}/${LAST}`, bytes, linkFrom);
  }

  /** Writes the checkpoint with the lowest validation loss. */
  writeBest(bytes: Uint8Array): Promise<string> {
    return writeOrLink(`${this.path}/${BEST}`, bytes);
  }

  /**
   * Writes a checkpoint that is kept.
   *
   * @param newest how many of them are kept, up to this one; 0 for all
   * @param linkFrom a file that holds the same bytes already
   */
  async keepCheckpoint(
    step: number,
    bytes: Uint8Array,
    newest: number,
    linkFrom?: string,
  ): Promise<string> {
    const folder = `${this.path}/${KEPT}`;
    await makeFolder(folder);
    const path = await writeOrLink(`${folder}/${keptName(step)}`, bytes, linkFrom);
    if (newest === 0) return path;
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    // Those of later steps are of a time before the run was taken back.
    const older = names.filter((name) => stepOf(name) <= step)
      .sort((a, b) => stepOf(b) - stepOf(a)).slice(newest);
    for (const name of older) await removeFile(`${folder}/${name}`);
    return path;
  }
}

/** @throws {ForeignFilesError} when a folder that is no run's has files under a run's names */
async function refuseForeign(path: string): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(path)).catch(() => []);
  const names = new Set(entries.map(({ name }) => name));
  if (ownFolder(names) === "run" || names.has(LAST)) return;
  const foreign = RUN_NAMES.find((name) => name !== LOCK && names.has(name));
  if (foreign !== undefined) throw new ForeignFilesError(path, foreign);
}

/** Writes a file, or links it to one with the same bytes; returns the path. */
async function writeOrLink(path: string, bytes: Uint8Array, linkFrom?: string): Promise<string> {
  if (linkFrom === undefined || !await linkFile(linkFrom, path)) {
    // Other names of the old file keep its contents.
    await writeFile(path, bytes, { names: "one" });
  }
  return path;
}

function keptName(step: number): string {
  return `step-${String(step).padStart(7, "0")}.safetensors`;
}

/** The step of a kept checkpoint; NaN where a file is none. */
function stepOf(name: string): number {
  return Number(/^step-(\d+)\.safetensors$/.exec(name)?.[1] ?? NaN);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
