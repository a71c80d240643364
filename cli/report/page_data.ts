/**
 * The data of a run's page that change while it trains.
 *
 * @module
 */
import { type Chart, chartsOf } from "./chart.ts";
import type { RunView } from "./run_view.ts";

/** A number in words. */
export interface Tile {
  readonly label: string;
  readonly value: string;
  /** Said beneath, smaller. */
  readonly note?: string;
}

/** A grid of samples. */
export interface Grid {
  readonly caption: string;
  /** A data URI, or a path on the server. */
  readonly src: string;
}

/** Contents of a page besides its own text. */
export interface PageData {
  readonly tiles: readonly Tile[];
  readonly charts: readonly Chart[];
  readonly grids: readonly Grid[];
}

/** A run as it stands. */
export function pageDataOf(view: RunView, grids: readonly Grid[]): PageData {
  return { tiles: tilesOf(view), charts: chartsOf(view.history), grids };
}

function tilesOf({ history, config }: RunView): Tile[] {
  const best = history.lowest("validLoss");
  const wait = history.last("dataWait");
  const epoch = history.last("epoch");
  const of = Number.isFinite(config.steps) ? `of ${whole(Number(config.steps))}` : undefined;
  const tile = (label: string, name: string, note?: string): Tile[] => {
    const value = history.last(name);
    return value === undefined ? [] : [{ label, value: words(value), note }];
  };
  return [
    { label: "Step", value: whole(history.step), note: of },
    ...tile("Loss", "lossAverage", "average of the last steps"),
    ...tile(
      "Validation loss",
      "validLoss",
      best && `lowest ${words(best.value)}, step ${whole(best.step)}`,
    ),
    ...tile(
      "Images per second",
      "imagesPerSecond",
      wait === undefined ? undefined : `${words(100 * wait)} % of the time spent waiting for data`,
    ),
    ...tile("Skipped steps", "skipped", "not finite; they changed nothing"),
    ...epoch === undefined
      ? []
      : [{ label: "Epochs", value: epoch.toFixed(1), note: "times over the images" }],
  ];
}

/** A number in three digits; a dash where there is none. */
export function words(value: number | undefined): string {
  if (value === undefined) return "-";
  return value !== 0 && Math.abs(value) < 1e-3
    ? value.toExponential(2)
    : String(Number(value.toPrecision(3)));
}

function whole(value: number): string {
  return value.toLocaleString("en-US");
}
