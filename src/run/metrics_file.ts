/**
 * `metrics.jsonl`: a line for each step and each validation, in the order of steps.
 *
 * @module
 */
import { FileError } from "../files/errors.ts";
import { appendFile, syncFile, truncateFile } from "../files/write_file.ts";
import type { Logger, MetricsLine, RunStart } from "./logger.ts";

/** The name in a run's folder. */
export const METRICS = "metrics.jsonl";

const LINE_END = 10;

/**
 * Reads a run's lines in order, up to the end or to the part of a line that a crash left.
 *
 * @param path of the file; one that isn't there has no lines
 * @param from the byte to begin at, where a line begins
 * @returns each line with the byte that the next one begins at
 */
export async function* readMetrics(
  path: string,
  from = 0,
): AsyncGenerator<{ readonly line: MetricsLine; readonly end: number }> {
  let [rest, end] = [new Uint8Array(), from];
  for await (const chunk of chunksOf(path, from)) {
    const bytes = new Uint8Array(rest.length + chunk.length);
    bytes.set(rest);
    bytes.set(chunk, rest.length);
    let begin = 0;
    for (let at = rest.length; at < bytes.length; at++) {
      if (bytes[at] !== LINE_END) continue;
      const line = parseLine(bytes.subarray(begin, at));
      if (line === undefined) return;
      end += at + 1 - begin;
      begin = at + 1;
      yield { line, end };
    }
    rest = bytes.slice(begin);
  }
}

async function* chunksOf(path: string, from: number): AsyncGenerator<Uint8Array> {
  try {
    using file = await Deno.open(path);
    await file.seek(from, Deno.SeekMode.Start);
    const chunk = new Uint8Array(2 ** 16);
    for (let size; (size = await file.read(chunk)) !== null;) yield chunk.subarray(0, size);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return;
    throw new FileError(`Cannot read ${path}`, thrown);
  }
}

function parseLine(bytes: Uint8Array): MetricsLine | undefined {
  try {
    const line = JSON.parse(new TextDecoder().decode(bytes));
    return Number.isInteger(line?.step) ? line : undefined;
  } catch {
    return undefined;
  }
}

/** Writes `metrics.jsonl`. */
export class MetricsFile implements Logger {
  readonly #path: string;
  /** Bytes of whole lines in the file. */
  #size = 0;
  /** Lines that are not in the file yet. */
  #waiting = "";

  /** @param folder the run's */
  constructor(folder: string) {
    this.#path = `${folder}/${METRICS}`;
  }

  /** Cuts the lines of later steps. */
  async start({ step }: RunStart): Promise<void> {
    this.#waiting = "";
    this.#size = 0;
    for await (const { line, end } of readMetrics(this.#path)) {
      if (line.step > step) break;
      this.#size = end;
    }
    await truncateFile(this.#path, this.#size);
  }

  /** Adds lines to the file, or to those that wait for a place in it. */
  async metrics(lines: readonly MetricsLine[]): Promise<void> {
    this.#waiting += lines.map((line) => JSON.stringify(line, rounded) + "\n").join("");
    await this.#write().catch(() => {});
  }

  /** Writes the lines that still wait, and all to the disk. */
  async sync(): Promise<void> {
    await this.#write();
    await syncFile(this.#path);
  }

  async #write(): Promise<void> {
    const bytes = new TextEncoder().encode(this.#waiting);
    try {
      await appendFile(this.#path, bytes);
      this.#size += bytes.length;
      this.#waiting = "";
    } catch (thrown) {
      // The file can end in a part of a line, after which nothing could be added.
      await truncateFile(this.#path, this.#size).catch(() => {});
      throw thrown;
    }
  }
}

/** Float32 has no more digits than these. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(8)) : value;
}
