/**
 * `report.html`: the run's page, rewritten while it trains.
 *
 * @module
 */
import { writeFile } from "../../src/files/write_file.ts";
import type { Logger } from "../../src/run/logger.ts";
import { standalonePage } from "./run_page.ts";
import { RunView } from "./run_view.ts";

/** The name in a run's folder. */
const REPORT = "report.html";

/** At most this share of a run's time goes into its page. */
const MOST_TIME = 0.01;

/** Writes the page at checkpoints and grids, where the last time is long enough ago. */
export class ReportFile implements Logger {
  #view: RunView | undefined;
  /** Earliest time of the next write, by `performance.now()`. */
  #notBefore = 0;

  /** @param folder the run's */
  constructor(readonly folder: string) {}

  async samples(): Promise<void> {
    await this.#writeIfDue();
  }

  async sync(): Promise<void> {
    await this.#writeIfDue();
  }

  async end(): Promise<void> {
    await this.write().catch(() => {});
  }

  /**
   * Writes the page as the folder is now.
   *
   * @returns where it lies
   * @throws {CommandError} when there is no run in the folder
   * @throws {FileError} when the folder can't be read, or the page can't be written
   */
  async write(): Promise<string> {
    const begun = performance.now();
    if (this.#view) await this.#view.refresh();
    else this.#view = await RunView.open(this.folder);
    const path = `${this.#view.folder}/${REPORT}`;
    await writeFile(path, await standalonePage(this.#view));
    const now = performance.now();
    this.#notBefore = now + (now - begun) / MOST_TIME;
    return path;
  }

  /** A failed report must not stop the run: `rin report` can write it later. */
  async #writeIfDue(): Promise<void> {
    if (performance.now() >= this.#notBefore) await this.write().catch(() => {});
  }
}
