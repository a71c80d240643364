/**
 * The folder of a run: what lies in it and under which name.
 *
 * @module
 */
import { CommandError, fileReason } from "./errors.ts";
import { BEST, LAST } from "./checkpoint_file.ts";
import { lossCurveSvg, type LossPoint } from "./loss_curve.ts";
import { appendFile, makeFolder, writeFile } from "./write_file.ts";

/** One line of `metrics.jsonl`. */
export type MetricsLine = Readonly<Record<string, unknown>> & { readonly step: number };

/** Points kept for the picture of the loss; beyond that every other one is dropped. */
const MAX_POINTS = 20_000;

/** Writes a run's files. */
export class RunFolder {
  #points: LossPoint[] = [];

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
    if (await exists(`${path}/metrics.jsonl`)) {
      throw new CommandError(
        `There is a run in ${path} that ended before its first checkpoint: delete the folder, or ` +
          `choose another --out`,
      );
    }
    await makeFolder(`${path}/samples`);
    return new RunFolder(path);
  }

  /** The folder of a run that goes on after `step`; what was logged of later steps is dropped. */
  static async reopen(path: string, step: number): Promise<RunFolder> {
    await makeFolder(`${path}/samples`);
    const folder = new RunFolder(path);
    const file = `${path}/metrics.jsonl`;
    const lines = (await readIfThere(file)).split("\n").filter((line) => stepOf(line) <= step);
    await writeFile(file, lines.map((line) => line + "\n").join(""));
    for (const line of lines) folder.#plot(JSON.parse(line));
    return folder;
  }

  /** Takes the folder away again, where nothing has been written into it. */
  async discard(): Promise<void> {
    for (const path of [`${this.path}/samples`, this.path]) {
      await Deno.remove(path).catch(() => {});
    }
  }

  /** Writes the fields that the run is made from. */
  async writeConfig(fields: Readonly<Record<string, unknown>>): Promise<void> {
    await writeFile(`${this.path}/config.json`, JSON.stringify(fields, null, 2) + "\n");
  }

  /** Adds lines to `metrics.jsonl`. */
  async log(lines: readonly MetricsLine[]): Promise<void> {
    if (lines.length === 0) return;
    await appendFile(
      `${this.path}/metrics.jsonl`,
      lines.map((line) => JSON.stringify(line, rounded) + "\n").join(""),
    );
    for (const line of lines) this.#plot(line);
  }

  #plot({ step, loss, lossAverage, validLoss }: MetricsLine): void {
    if (typeof validLoss === "number") this.#points.push({ step, loss: NaN, validLoss });
    else this.#points.push({ step, loss: Number(loss), average: lossAverage as number });
    if (this.#points.length > MAX_POINTS) {
      this.#points = this.#points.filter((point, i) => i % 2 === 0 || point.validLoss);
    }
  }

  /** Writes the last checkpoint and the picture of the loss. */
  async writeLast(bytes: Uint8Array): Promise<void> {
    await writeFile(`${this.path}/${LAST}`, bytes);
    const title = `Loss of ${this.path.split(/[/\\]/).at(-1)}`;
    await writeFile(`${this.path}/loss.svg`, lossCurveSvg(this.#points, { title }));
  }

  /** Writes the checkpoint with the lowest validation loss. */
  async writeBest(bytes: Uint8Array): Promise<void> {
    await writeFile(`${this.path}/${BEST}`, bytes);
  }

  /** Where the samples of a step are, or will be. */
  samplePath(step: number): string {
    return `${this.path}/samples/step-${String(step).padStart(6, "0")}.png`;
  }

  /** Whether the samples of a step are there. */
  hasSample(step: number): Promise<boolean> {
    return exists(this.samplePath(step));
  }

  /** Writes the samples of a step. */
  async writeSample(step: number, png: Uint8Array): Promise<void> {
    await writeFile(this.samplePath(step), png);
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

/** Float32 has no more digits than these. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(8)) : value;
}

/** The step of a line; beyond all steps where a crash has left half a line. */
function stepOf(line: string): number {
  try {
    return JSON.parse(line).step ?? Infinity;
  } catch {
    return Infinity;
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return "";
    throw new CommandError(`Cannot read ${path}: ${fileReason(thrown)}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
