/**
 * Loads a run's images, telling what is going on.
 *
 * @module
 */
import { loadSplits, type Skipped, type Splits } from "../src/data/dataset.ts";
import { CommandError } from "./errors.ts";
import type { RunOptions } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** Skipped files that are named; of the others the number is told. */
const NAMED = 5;

/** Loads and says what was loaded, what was skipped and whom to credit. */
export async function loadData(
  { data, validFraction }: Pick<RunOptions, "data" | "validFraction">,
  imageSize: number,
  terminal: Terminal,
): Promise<Splits> {
  if (data === "") {
    throw new CommandError(
      "This preset comes without images: give --data DIR, a folder of PNG or JPEG files or of CelebA",
    );
  }
  const splits = await loadSplits({
    source: data,
    imageSize,
    validFraction,
    onFetch: (sentence) => terminal.note(sentence),
    onProgress: (done, total) => terminal.progress(done, total, { reading: data }),
  });
  terminal.finish();
  const { train, valid } = splits;
  for (const line of skippedLines([...new Set([train, valid])].flatMap((set) => set.skipped))) {
    terminal.note(line);
  }
  terminal.note(
    valid === train
      ? `Images: ${train.count} (${data}); none is held out, validation uses the same`
      : `Images: ${train.count} to train on, ${valid.count} to validate on (${data})`,
  );
  if (train.attribution) terminal.note(train.attribution);
  return splits;
}

function skippedLines(skipped: readonly Skipped[]): string[] {
  const named = skipped.slice(0, NAMED).map(({ name, reason }) => `Skipped ${name}: ${reason}`);
  const more = skipped.length - named.length;
  return more > 0 ? [...named, `Skipped ${more} more, ${skipped.length} in all`] : named;
}
