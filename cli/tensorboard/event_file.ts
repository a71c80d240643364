/**
 * A run's TensorBoard events: one file for each time that the run was begun or gone on with.
 *
 * @module
 */
import { cannotWrite } from "../write_file.ts";
import { type Bytes, concat } from "./protobuf.ts";
import { fileVersion, image, type Picture, scalars, sessionStart } from "./event.ts";

/** Beginning of the names of event files, by which TensorBoard knows them. */
const PREFIX = "events.out.tfevents.";

/** Points of a curve that are worth keeping: TensorBoard itself shows about a thousand. */
const RESOLUTION = 1000;

/** Figures of a step, nested or not; what is not a number is left out. */
export type Figures = Readonly<Record<string, unknown>> & { readonly step: number };

/** Writes events. Nothing is written before the first figure or picture. */
export class EventFile {
  #folder: string;
  #firstStep: number;
  #path: string | undefined;
  /** The step that each tag was last written at. */
  #written = new Map<string, number>();

  /** @param firstStep what earlier files of the folder say of it and of later steps is superseded */
  constructor(folder: string, firstStep: number) {
    this.#folder = folder;
    this.#firstStep = firstStep;
  }

  /**
   * Writes figures under the names that they have, `moments/x0/mean` where they are nested. In a long
   * run those are left out that follow the last one of their name by less than a thousandth of the
   * steps done: a month of them would take TensorBoard minutes to read.
   *
   * @throws {CommandError} when the file can't be written
   */
  async write(all: readonly Figures[]): Promise<void> {
    const records: Bytes[] = [];
    for (const { step, ...figures } of all) {
      const due = new Map(
        flatten(figures).filter(([tag]) =>
          step >= (this.#written.get(tag) ?? -Infinity) + step / RESOLUTION
        ),
      );
      for (const tag of due.keys()) this.#written.set(tag, step);
      if (due.size > 0) records.push(scalars({ wallTime: now(), step }, due));
    }
    if (records.length > 0) await this.#append(records);
  }

  /**
   * Writes a picture of a step.
   *
   * @throws {CommandError} when the file can't be written
   */
  async picture(step: number, tag: string, picture: Picture): Promise<void> {
    await this.#append([image({ wallTime: now(), step }, tag, picture)]);
  }

  /** In one call, so that after a crash at most the last record is incomplete, which readers skip. */
  async #append(records: readonly Bytes[]): Promise<void> {
    if (this.#path === undefined) {
      const seconds = await this.#begin();
      this.#path = `${this.#folder}/${PREFIX}${seconds}.rin`;
      const start = { wallTime: now(), step: this.#firstStep };
      records = [fileVersion(now()), sessionStart(start), ...records];
    }
    try {
      await Deno.writeFile(this.#path, concat(records), { append: true });
    } catch (thrown) {
      throw cannotWrite(this.#path, thrown);
    }
  }

  /** The time for the file's name: after those there are, as TensorBoard reads them in that order. */
  async #begin(): Promise<string> {
    let seconds = Math.floor(now());
    for await (const { name } of Deno.readDir(this.#folder)) {
      if (!name.startsWith(PREFIX)) continue;
      const other = parseInt(name.slice(PREFIX.length));
      if (other >= seconds) seconds = other + 1;
    }
    return String(seconds).padStart(10, "0");
  }
}

/** The numbers in `figures`, and in what is nested in them. */
function flatten(figures: object, prefix = ""): [tag: string, value: number][] {
  return Object.entries(figures).flatMap(([name, value]) =>
    typeof value === "number"
      ? [[prefix + name, value]]
      : typeof value === "object" && value !== null
      ? flatten(value, `${prefix}${name}/`)
      : []
  );
}

function now(): number {
  return Date.now() / 1000;
}
