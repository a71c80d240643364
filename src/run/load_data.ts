/**
 * Loads a run's images, or clips, telling what is going on.
 *
 * @module
 */
import { loadSplits, type Skipped, type Splits } from "../data/dataset.ts";
import type { ExampleConfig } from "../model/example.ts";
import { CommandError } from "../../cli/errors.ts";
import type { RunOptions } from "../../cli/options/fields.ts";
import type { Terminal } from "../../cli/terminal/terminal.ts";

/** Skipped files that are named; of the others the number is told. */
const NAMED = 5;

/** What of a run's settings says which images it sees. */
export type DataSettings =
  & Pick<RunOptions, "data" | "validFraction" | "labelAttribute">
  & Partial<Pick<RunOptions, "labels" | "cropScale" | "frameStride">>;

/** Loads and says what was loaded, what was skipped and whom to credit. */
export async function loadData(
  { data, validFraction, labels = "none", labelAttribute, cropScale = 1, frameStride = 1 }:
    DataSettings,
  { imageSize, frames }: ExampleConfig,
  terminal: Terminal,
): Promise<Splits> {
  if (data === "") {
    throw new CommandError(
      frames > 1
        ? "This preset comes without clips: give --data DIR, a folder of GIF or animated PNG files " +
          "or of folders of numbered frames"
        : "This preset comes without images: give --data DIR, a folder of PNG or JPEG files or of " +
          "CelebA",
    );
  }
  const splits = await loadSplits({
    source: data,
    imageSize: Math.round(imageSize * cropScale),
    frames,
    frameStride,
    validFraction,
    labels: { from: labels, attribute: labelAttribute },
    onNote: (sentence) => terminal.note(sentence),
    onProgress: decodingProgress(data, terminal, frames > 1),
  });
  terminal.finish();
  const { train, valid, skipped, attribution } = splits;
  for (const line of skippedLines(skipped)) terminal.note(line);
  const what = frames > 1 ? `Clips of ${frames} frames or more` : "Images";
  terminal.note(
    valid === train
      ? `${what}: ${train.count} (${data}); none is held out, validation uses the same`
      : `${what}: ${train.count} to train on, ${valid.count} to validate on (${data})`,
  );
  if (train.classNames) terminal.note(`Classes: ${classLine(train.classNames)}`);
  if (attribution) terminal.note(attribution);
  return splits;
}

/** A bar with the images, or clips, decoded and how many a second. */
export function decodingProgress(
  name: string,
  terminal: Terminal,
  clips: boolean,
): (done: number, total: number) => void {
  let start: { time: number; done: number } | undefined;
  return (done, total) => {
    start ??= { time: performance.now(), done };
    const seconds = (performance.now() - start.time) / 1000;
    const fields: Record<string, string> = { reading: name };
    if (seconds > 0.5) {
      fields[clips ? "clips/s" : "img/s"] = ((done - start.done) / seconds).toPrecision(3);
    }
    terminal.progress(done, total, fields);
  };
}

/** Names the first files that were left out, and counts the rest. */
export function skippedLines(skipped: readonly Skipped[]): string[] {
  const named = skipped.slice(0, NAMED).map(({ name, reason }) => `Skipped ${name}: ${reason}`);
  const more = skipped.length - named.length;
  return more > 0 ? [...named, `Skipped ${more} more, ${skipped.length} in all`] : named;
}

/** The number of classes and the first of their names. */
export function classLine(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(", ");
  return `${names.length} (${shown}${names.length > 10 ? ", ..." : ""})`;
}
