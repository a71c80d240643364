/**
 * `samples/`: a grid of samples for each step that they were made at.
 *
 * @module
 */
import { makeFolder, removeFile, writeFile } from "../files/write_file.ts";
import type { Logger, RunStart } from "./logger.ts";

/** Path of a step's grid in a run's folder. */
export function samplePath(folder: string, step: number): string {
  return `${folder}/samples/step-${String(step).padStart(6, "0")}.png`;
}

/** The steps of the grids in a run's folder, in order. */
export async function sampleSteps(folder: string): Promise<number[]> {
  const steps: number[] = [];
  try {
    for await (const { name } of Deno.readDir(`${folder}/samples`)) {
      const found = /^step-(\d+)\.png$/.exec(name);
      if (found) steps.push(Number(found[1]));
    }
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
  return steps.sort((a, b) => a - b);
}

/** Writes grids. */
export class SampleFiles implements Logger {
  #folder: string;

  /** @param folder the run's */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Removes the grids of later steps. */
  async start({ step }: RunStart): Promise<void> {
    await makeFolder(`${this.#folder}/samples`);
    for (const made of await sampleSteps(this.#folder)) {
      if (made > step) await removeFile(samplePath(this.#folder, made));
    }
  }

  async samples(step: number, png: Uint8Array): Promise<void> {
    await writeFile(samplePath(this.#folder, step), png);
  }
}
