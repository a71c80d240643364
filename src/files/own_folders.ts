/**
 * Recognizes folders that rin writes by their contents, which are no data to train on.
 *
 * @module
 */

/** Marks a cache for programs of all kinds (https://bford.info/cachedir/). */
export const CACHE_TAG = "CACHEDIR.TAG";

/** Fixed names in a run's folder; `.lock` comes first. */
export const RUN_NAMES: readonly string[] = [
  ".lock",
  "config.json",
  "metrics.jsonl",
  "sessions.jsonl",
  "samples",
  "checkpoints",
  "best.safetensors",
  "last.safetensors",
  "report.html",
];

const PAGE_NAMES = ["model.json", "checkpoint.safetensors", "page.js"];

/** A folder's kind, by the names in it; undefined for folders that rin doesn't write. */
export function ownFolder(names: ReadonlySet<string>): "run" | "page" | "cache" | undefined {
  if (names.has(CACHE_TAG)) return "cache";
  if (PAGE_NAMES.every((name) => names.has(name))) return "page";
  // A run's folder has the lock from its first moment; a copy of one can lack it.
  const own = RUN_NAMES.filter((name) => names.has(name)).length;
  const sure = names.has(".lock") || names.has("last.safetensors") || names.has("metrics.jsonl");
  return own >= 2 && sure ? "run" : undefined;
}
