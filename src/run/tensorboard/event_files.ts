/**
 * A run's TensorBoard events: one file for each time that the run began or resumed.
 *
 * @module
 */
import { appendFile, syncFile, truncateFile } from "../../files/write_file.ts";
import type { Logger, MetricsLine, RunStart } from "../logger.ts";
import { metricValues } from "../metric_values.ts";
import { fileVersion, image, scalars, sessionStart } from "./event.ts";
import { type Bytes, concat } from "./protobuf.ts";

/** Prefix of event files' names, which TensorBoard looks for. */
const PREFIX = "events.out.tfevents.";

/** Points of a curve that are worth keeping: TensorBoard itself shows about a thousand. */
const RESOLUTION = 1000;

/**
 * Writes metrics under the names that they have in `metrics.jsonl`, `moments/x0/mean` where they are
 * nested, and grids as `samples`. In a long run those metrics are left out that follow the last one
 * of their name by less than a thousandth of the steps done: a month of them would take TensorBoard
 * minutes to read.
 */
export class EventFiles implements Logger {
  #folder: string;
  #path = "";
  /** Bytes of whole records in the file. */
  #size = 0;
  /** Records that are not in the file yet. */
  #waiting: Bytes[] = [];
  /** The step of the last metric of each name. */
  #last = new Map<string, number>();

  /** @param folder the run's */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Begins a file that supersedes the later steps of earlier files. */
  async start({ step }: RunStart): Promise<void> {
    const wallTime = now();
    this.#path = `${this.#folder}/${PREFIX}${await this.#nextName()}.rin`;
    this.#size = 0;
    this.#waiting = [fileVersion(wallTime), sessionStart({ wallTime, step: step + 1 })];
    this.#last.clear();
    await this.#write();
  }

  async metrics(lines: readonly MetricsLine[]): Promise<void> {
    for (const { step, ...metrics } of lines) {
      const due = metricValues(metrics).filter(([name]) => {
        const last = this.#last.get(name);
        return last === undefined || step >= last + step / RESOLUTION;
      });
      for (const [name] of due) this.#last.set(name, step);
      if (due.length > 0) this.#waiting.push(scalars({ wallTime: now(), step }, due));
    }
    await this.#write().catch(() => {});
  }

  async samples(step: number, png: Uint8Array): Promise<void> {
    this.#waiting.push(image({ wallTime: now(), step }, "samples", png));
    await this.#write().catch(() => {});
  }

  async sync(): Promise<void> {
    await this.#write();
    await syncFile(this.#path);
  }

  /** In one call, so that a crash leaves at most one record incomplete; readers pass over that. */
  async #write(): Promise<void> {
    const bytes = concat(this.#waiting);
    try {
      await appendFile(this.#path, bytes);
      this.#size += bytes.length;
      this.#waiting = [];
    } catch (thrown) {
      // The file can end in a part of a record, after which nothing could be added.
      await truncateFile(this.#path, this.#size).catch(() => {});
      throw thrown;
    }
  }

  /** The time, or the name after the last file's: TensorBoard reads them in the order of names. */
  async #nextName(): Promise<string> {
    let seconds = Math.floor(now());
    for await (const { name } of Deno.readDir(this.#folder)) {
      if (!name.startsWith(PREFIX)) continue;
      const other = parseInt(name.slice(PREFIX.length));
      if (other >= seconds) seconds = other + 1;
    }
    return String(seconds).padStart(10, "0");
  }
}

function now(): number {
  return Date.now() / 1000;
}
