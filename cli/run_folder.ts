/**
 * The folder of a run: what lies in it and under which name.
 *
 * @module
 */
import { BEST, LAST } from "./checkpoint_file.ts";
import { CommandError } from "./errors.ts";
import { makeFolder, writeFile } from "./write_file.ts";

/** Writes a run's config and checkpoints; its recorders write the rest. */
export class RunFolder {
  private constructor(readonly path: string) {}

  /**
   * A new run's folder.
   *
   * @throws {CommandError} when a run lies there already, or it can't be made
   */
  static async create(path: string): Promise<RunFolder> {
    if (await exists(`${path}/${LAST}`)) {
      throw new CommandError(
        `There is a run in ${path} already: go on with --resume ${path}, or choose another --out`,
      );
    }
    await makeFolder(path);
    return new RunFolder(path);
  }

  /** The folder of a run that goes on. */
  static open(path: string): RunFolder {
    return new RunFolder(path);
  }

  /** Takes the folder away again, where nothing has been written into it. */
  async discard(): Promise<void> {
    await Deno.remove(this.path).catch(() => {});
  }

  /** Writes the fields that the run is made from. */
  async writeConfig(fields: Readonly<Record<string, unknown>>): Promise<void> {
    await writeFile(`${this.path}/config.json`, JSON.stringify(fields, null, 2) + "\n");
  }

  /** Writes the checkpoint that the run goes on from. */
  async writeLast(bytes: Uint8Array): Promise<void> {
    await writeFile(`${this.path}/${LAST}`, bytes);
  }

  /** Writes the checkpoint with the lowest validation loss. */
  async writeBest(bytes: Uint8Array): Promise<void> {
    await writeFile(`${this.path}/${BEST}`, bytes);
  }
}

/** `runs/PRESET-YYYYMMDD-HHMM`, numbered where there is one already. */
export async function newRunPath(preset: string, now: Date): Promise<string> {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const base = `runs/${preset}-${day}-${two(now.getHours())}${two(now.getMinutes())}`;
  let path = base;
  for (let i = 2; await exists(path); i++) path = `${base}-${i}`;
  return path;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
