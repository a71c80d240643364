/**
 * `samples/`: a grid of samples for each step that they were made at.
 *
 * @module
 */
import type { RunRecorder } from "./recorder.ts";
import { makeFolder, removeFile, writeFile } from "./write_file.ts";

/** Where a step's grid lies in a run's folder. */
export function samplePath(folder: string, step: number): string {
  return `${folder}/samples/step-${String(step).padStart(6, "0")}.png`;
}

/** Writes grids. */
export class SampleFiles implements RunRecorder {
  #folder: string;

  /** @param folder the run's */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Removes the grids of later steps. */
  async rewind(step: number): Promise<void> {
    const samples = `${this.#folder}/samples`;
    await makeFolder(samples);
    for await (const { name } of Deno.readDir(samples)) {
      const found = /^step-(\d+)\.png$/.exec(name);
      if (found && Number(found[1]) > step) await removeFile(`${samples}/${name}`);
    }
  }

  async images(step: number, png: Uint8Array): Promise<void> {
    await writeFile(samplePath(this.#folder, step), png);
  }
}
