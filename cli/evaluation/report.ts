/**
 * The results of an evaluation as tables and files.
 *
 * @module
 */
import { makeFolder, writeFile } from "../../src/files/write_file.ts";
import { freePath, type Origin, refuseOverwrite } from "../files/overwrite.ts";
import type { Value } from "../options/options.ts";
import { table } from "../terminal/table.ts";
import type { EvaluationResult } from "./evaluation.ts";
import { noisePlotSvg } from "./noise_plot.ts";

/** Settings of an evaluation: the same settings give the same figures. */
export type EvaluationSettings = Readonly<Record<string, Value>>;

/** Contents of `eval.json`. */
export interface EvaluationReport extends EvaluationResult {
  readonly checkpoint: string;
  /** Training steps behind the checkpoint, if it records them. */
  readonly step?: number;
  readonly data: string;
  readonly settings: EvaluationSettings;
}

const FIGURES = "eval.json";
const PLOT = "loss_by_noise.svg";

/**
 * Chooses the folder of an evaluation without losing earlier results: the folder itself, or
 * FOLDER-2, FOLDER-3 and so on where the user did not name it and it holds other results.
 *
 * @throws {CommandError} when the user named it and it holds something else, without `force`
 */
export async function reportFolder(
  named: Value | undefined,
  usual: string,
  settings: EvaluationSettings,
  force: Value | undefined,
): Promise<string> {
  const originOf = (folder: string) => originOfReport(folder, settings);
  if (named === undefined) return await freePath(usual, originOf);
  const folder = String(named);
  for (const name of [FIGURES, PLOT]) {
    await refuseOverwrite(`${folder}/${name}`, force, () => originOf(folder));
  }
  return folder;
}

async function originOfReport(folder: string, settings: EvaluationSettings): Promise<Origin> {
  try {
    const found = JSON.parse(await Deno.readTextFile(`${folder}/${FIGURES}`));
    if (JSON.stringify(found.settings) === JSON.stringify(settings)) return "same";
    return Array.isArray(found.loss?.levels) ? "other" : "foreign";
  } catch {
    return "foreign";
  }
}

/** Writes `eval.json` and `loss_by_noise.svg`. */
export async function writeReport(folder: string, report: EvaluationReport): Promise<void> {
  await makeFolder(folder);
  await writeFile(`${folder}/${FIGURES}`, JSON.stringify(report, null, 2) + "\n");
  const { loss: { levels }, step } = report;
  const after = step === undefined ? "" : ` after step ${step}`;
  await writeFile(
    `${folder}/${PLOT}`,
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
