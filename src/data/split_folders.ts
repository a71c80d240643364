/**
 * Folders called train, val and test, which are splits and no classes.
 * @module
 */

/** Names of the splits, in lower case. */
export const SPLIT_NAMES = {
  train: ["train", "training"],
  valid: ["val", "valid", "validation", "dev"],
  test: ["test", "testing"],
};

/** A folder's pictures by its splits. */
export interface SplitFolders<File> {
  /** Those to train on, then those that are held out. */
  readonly files: readonly File[];
  /** (files), 1 for those that are held out. */
  readonly heldOut: Uint8Array;
  /** The reading of the folders, in one sentence. */
  readonly note: string;
}

/**
 * Reads first folders as splits, where one is called train, another val or test, and no picture lies
 * elsewhere. Without val, test is held out; with it, test is left alone.
 *
 * @returns undefined where they are no splits
 */
export function splitFolders<File extends { readonly name: string }>(
  files: readonly File[],
): SplitFolders<File> | undefined {
  const tops = Map.groupBy(files, ({ name }) => name.slice(0, Math.max(0, name.indexOf("/"))));
  const known = Object.values(SPLIT_NAMES).flat();
  if ([...tops.keys()].some((top) => !known.includes(top.toLowerCase()))) return undefined;
  const [train, valid, test] = [SPLIT_NAMES.train, SPLIT_NAMES.valid, SPLIT_NAMES.test].map((
    names,
  ) => [...tops].filter(([top]) => names.includes(top.toLowerCase())));
  const held = valid.length > 0 ? valid : test;
  if (train.length === 0 || held.length === 0) return undefined;
  const filesOf = (split: typeof train) => split.flatMap(([, files]) => files);
  const namesOf = (split: typeof train) => split.map(([top]) => top).join(" and ");
  const unused = held === valid ? filesOf(test).length : 0;
  const rest = unused > 0 ? `, ignoring ${namesOf(test)} (${unused} pictures)` : "";
  const kept = filesOf(train);
  return {
    files: [...kept, ...filesOf(held)],
    heldOut: new Uint8Array(kept.length + filesOf(held).length).fill(1, kept.length),
    note: `Taking the folders as splits: training on ${namesOf(train)}, validating on ` +
      `${namesOf(held)}${rest}; --folders classes takes them as classes`,
  };
}

/** A picture's name inside its split. */
export function insideSplit(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}
