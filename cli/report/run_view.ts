/**
 * A run as a page shows it, read from the run's folder.
 *
 * @module
 */
import { FileError } from "../../src/files/errors.ts";
import { METRICS, readMetrics } from "../../src/run/metrics_file.ts";
import { sampleSteps } from "../../src/run/sample_files.ts";
import { readSessions, type Session } from "../../src/run/sessions.ts";
import { CommandError } from "../errors.ts";
import { RunHistory } from "./history.ts";

/** Reads a folder, and then its new data. */
export class RunView {
  /** The folder's own name. */
  readonly name: string;
  history: RunHistory = new RunHistory();
  /** Every field that the run was made from, by name. */
  config: Readonly<Record<string, unknown>> = {};
  sessions: readonly Session[] = [];
  /** Steps with a grid of samples, in order. */
  samples: readonly number[] = [];
  /** Grows whenever something is new. */
  version = 0;
  /** Bytes of the metrics that are in the history. */
  #read = 0;

  private constructor(readonly folder: string, name: string) {
    this.name = name;
  }

  /**
   * Reads a run.
   *
   * @throws {CommandError} when there is none
   * @throws {FileError} when it can't be read
   */
  static async open(folder: string): Promise<RunView> {
    // A missing folder is reported on reading.
    const whole = await Deno.realPath(folder).catch(() => folder);
    const name = whole.split(/[/\\]/).at(-1)!;
    const view = new RunView(folder.replace(/(?<=.)[/\\]+$/, ""), name);
    await view.refresh();
    return view;
  }

  /**
   * Reads new data.
   *
   * @throws {CommandError} when the folder is no run's any more
   * @throws {FileError} when it can't be read
   */
  async refresh(): Promise<void> {
    const metrics = `${this.folder}/${METRICS}`;
    const size = await Deno.stat(metrics).then((info) => info.size, () => 0);
    const before = [this.#read, this.sessions.length, this.samples.at(-1)];
    this.config = await readConfig(this.folder);
    this.sessions = await readSessions(this.folder);
    this.samples = await sampleSteps(this.folder);
    // A resumed run has dropped everything after its checkpoint.
    if (size < this.#read || this.sessions.length !== before[1]) {
      this.history = new RunHistory();
      this.#read = 0;
    }
    for await (const { line, end } of readMetrics(metrics, this.#read)) {
      this.history.add(line);
      this.#read = end;
    }
    const after = [this.#read, this.sessions.length, this.samples.at(-1)];
    if (after.some((value, i) => value !== before[i])) this.version++;
  }
}

/** Contents of `config.json`, which exists from a run's beginning. */
async function readConfig(folder: string): Promise<Record<string, unknown>> {
  const path = `${folder}/config.json`;
  try {
    const config = JSON.parse(await Deno.readTextFile(path));
    if (typeof config === "object" && config !== null) return config;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.NotADirectory) {
      throw new CommandError(
        `There is no run in ${folder}: it has no config.json; give the folder that rin train made`,
      );
    }
    if (!(thrown instanceof SyntaxError)) {
      throw new FileError(`Cannot read ${path}`, thrown);
    }
  }
  throw new CommandError(`Cannot use ${path}: it is not a JSON object`);
}
