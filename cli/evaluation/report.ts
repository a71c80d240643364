/**
 * The results of an evaluation as tables and files.
 *
 * @module
 */
import { makeFolder, writeFile } from "../../src/files/write_file.ts";
import { table } from "../terminal/table.ts";
import type { EvaluationResult } from "./evaluation.ts";
import { noisePlotSvg } from "./noise_plot.ts";

/** What `eval.json` holds. */
export interface EvaluationReport extends EvaluationResult {
  readonly checkpoint: string;
  /** Training steps behind the checkpoint, where it says so. */
  readonly step?: number;
  readonly data: string;
}

/** Writes `eval.json` and `loss_by_noise.svg`. */
export async function writeReport(folder: string, report: EvaluationReport): Promise<void> {
  await makeFolder(folder);
  await writeFile(`${folder}/eval.json`, JSON.stringify(report, null, 2) + "\n");
  const { loss: { levels }, step } = report;
  const after = step === undefined ? "" : ` after step ${step}`;
  await writeFile(
    `${folder}/loss_by_noise.svg`,
    noisePlotSvg(levels, `Loss by noise level${after}`),
  );
}

/** The results for a terminal. */
export function reportText({ loss, comparisons }: EvaluationReport): string {
  const digits = (value: number) => String(Number(value.toPrecision(4)));
  const what = loss.clips ? "clips" : "images";
  const where = loss.heldOut ? `held-out ${what}` : `training ${what} (none is held out)`;
  const mean = (space: "eps" | "x0" | "v") =>
    loss.levels.reduce((sum, level) => sum + level[space], 0) / loss.levels.length;
  const levels = loss.levels.map(({ t, gamma, logSnr, eps, x0, v }) =>
    [t, gamma, logSnr, eps, x0, v].map(digits)
  );
  const means = ["mean", "", "", ...(["eps", "x0", "v"] as const).map(mean).map(digits)];
  const parts = [
    `Loss by noise level, ${loss.images} ${where}:`,
    table(["t", "gamma", "log-SNR", "eps", "x0", "v"], [...levels, means]),
  ];
  if (comparisons.length > 0) {
    const rows = comparisons.map((comparison) => [
      comparison.space,
      String(comparison.sampleCount),
      comparison.dataCount === undefined ? "statistics" : String(comparison.dataCount),
      digits(comparison.frechet),
      ...[comparison.halves, comparison.precision, comparison.recall]
        .map((value) => value === undefined ? "" : digits(value)),
    ]);
    parts.push(
      "",
      "Samples against training images (figures depend on both counts):",
      table(["features", "samples", "images", "Frechet", "halves", "precision", "recall"], rows),
    );
  }
  return parts.join("\n");
}
