/**
 * Shows the loading of data: progress, skipped files, and credits.
 *
 * @module
 */
import type { Skipped, Splits } from "../../src/data/dataset.ts";
import { leftOutLines } from "../../src/data/left_out.ts";
import type { DataEvent } from "../../src/run/events.ts";
import { perSecond } from "./units.ts";
import type { Terminal } from "./terminal.ts";

/** Skipped files that are named; the others are counted. */
const NAMED = 5;

/** Returns a function that shows events while data load. */
export function dataReporter(terminal: Terminal): (event: DataEvent) => void {
  let decoding: ReturnType<typeof decodingProgress> | undefined;
  return (event) => {
    if (event.type === "note") return terminal.note(event.sentence);
    if (event.type === "decoding") {
      decoding ??= decodingProgress(event.source, terminal, event.clips);
      return decoding(event.done, event.total);
    }
    terminal.finish();
    showSplits(terminal, event);
  };
}

function showSplits(
  terminal: Terminal,
  { source, frames, splits }: { source: string; frames: number; splits: Splits },
): void {
  const { train, valid, skipped, leftOut, attribution } = splits;
  for (const line of skippedLines(skipped)) terminal.note(line);
  for (const line of leftOut ? leftOutLines(leftOut) : []) terminal.note(line);
  const what = frames > 1 ? `Clips of ${frames} frames or more` : "Images";
  terminal.note(
    valid === train
      ? `${what}: ${train.count} (${source}); none is held out, validation uses the same`
      : `${what}: ${train.count} to train on, ${valid.count} to validate on (${source})`,
  );
  if (train.classNames) {
    terminal.note(`Classes: ${classLine(train.classNames)}`);
    const seen = new Set(train.labels);
    const empty = train.classNames.filter((_, number) => !seen.has(number));
    if (empty.length > 0) {
      const noun = frames > 1 ? "clip" : "image";
      terminal.note(
        `No ${noun} to train on is of ${empty.length > 1 ? "the classes" : "the class"} ` +
          `${someOf(empty)}: the network can't learn ${empty.length > 1 ? "them" : "it"}`,
      );
    }
  }
  if (attribution) terminal.note(attribution);
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
      fields[clips ? "clips/s" : "img/s"] = perSecond((done - start.done) / seconds);
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
  return `${names.length} (${someOf(names)})`;
}

function someOf(names: readonly string[]): string {
  return names.slice(0, 10).join(", ") + (names.length > 10 ? ", ..." : "");
}
