/**
 * `loss.svg`: the loss so far.
 *
 * @module
 */
import { lossCurveSvg, type LossPoint } from "./loss_curve.ts";
import { METRICS, readMetrics } from "./metrics_file.ts";
import type { MetricsLine, RunRecorder } from "./recorder.ts";
import { writeFile } from "./write_file.ts";

/** Points kept; beyond that every other one is dropped. */
const MAX_POINTS = 20_000;

/** Draws the loss anew with each checkpoint. */
export class LossPicture implements RunRecorder {
  #folder: string;
  #points: LossPoint[] = [];

  /** @param folder the run's */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes the points from `metrics.jsonl`. */
  async rewind(step: number): Promise<void> {
    this.#points = [];
    for await (const { line } of readMetrics(`${this.#folder}/${METRICS}`)) {
      if (line.step > step) break;
      this.#add(line);
    }
  }

  scalars(lines: readonly MetricsLine[]): Promise<void> {
    for (const line of lines) this.#add(line);
    return Promise.resolve();
  }

  async sync(): Promise<void> {
    const title = `Loss of ${this.#folder.split(/[/\\]/).at(-1)}`;
    await writeFile(`${this.#folder}/loss.svg`, lossCurveSvg(this.#points, { title }));
  }

  #add({ step, loss, lossAverage, validLoss }: MetricsLine): void {
    if (typeof validLoss === "number") this.#points.push({ step, loss: NaN, validLoss });
    else if (typeof loss === "number") {
      this.#points.push({ step, loss, average: lossAverage as number });
    }
    if (this.#points.length > MAX_POINTS) {
      this.#points = this.#points.filter((point, i) => i % 2 === 0 || point.validLoss);
    }
  }
}
