/**
 * Names of a network's classes.
 *
 * @module
 */
import type { CheckpointDescription } from "./checkpoint.ts";
import { shown } from "../options/schema.ts";

/** Metadata of an exported checkpoint: the names as a JSON list. */
export const CLASS_NAMES = "class_names";

/** The names by number, where the checkpoint has them: a run's with its training, an export in its card. */
export function classNamesOf(
  { training, about }: CheckpointDescription,
): readonly string[] | undefined {
  const names = training?.classNames ?? parsed(about?.[CLASS_NAMES]);
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) return undefined;
  return names.length === 0 ? undefined : names;
}

function parsed(text = "null"): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a card is no reason to refuse a checkpoint
  }
}

/** There is no such class; the message is one sentence, for people. */
export class ClassError extends RangeError {
  override name = "ClassError";

  /** @param asked the one that there is not, as it was written */
  constructor(readonly asked: string, sentence: string) {
    super(sentence);
  }
}

/**
 * The numbers of classes that a person asks for; the one reading that every front shares.
 *
 * A call means names or numbers, never both: where everything in it is a name, they are names, a
 * range such as 2..9 over names that are numbers included; else everything is a number from 0 on.
 *
 * @param asked text with commas between classes; or a list with one class or range an item
 * @param names of the classes by number; none where they have none
 * @throws {ClassError} naming the first that there is not
 */
export function readClassList(
  asked: string | readonly (string | number)[],
  numClasses: number,
  names: readonly string[] = [],
): number[] {
  const items = typeof asked === "string" ? split(asked, names) : asked.map(String);
  const named = items.map((item) => byName(item, names));
  if (named.every((found) => found !== undefined)) return named.flat();
  const numbered = items.map((item) => byNumber(item, numClasses));
  if (numbered.every((found) => found !== undefined)) return numbered.flat();
  const isMixed = items.every((_, i) => named[i] ?? numbered[i]);
  const wrong = items.find((_, i) => !(isMixed ? named[i] : named[i] ?? numbered[i]))!;
  throw new ClassError(
    wrong,
    isMixed
      ? `There is no class called ${
        shown(wrong)
      }, and others here are names: give all classes by name, ` +
        `or all by number (0 to ${numClasses - 1})`
      : `There is no class ${shown(wrong)}: this network's classes are ${
        knownClasses(numClasses, names)
      }`,
  );
}

/** Classes as text that {@linkcode readClassList} reads as just these; several in a row as a range. */
export function classListText(
  classes: readonly number[],
  numClasses: number,
  names: readonly string[] = [],
): string {
  const row = classes.length > 2 && classes.every((value, i) => value === classes[0] + i);
  const numbers = row ? `${classes[0]}..${classes.at(-1)}` : classes.join(",");
  try {
    if (readClassList(numbers, numClasses, names).join() === classes.join()) return numbers;
  } catch {
    // Some of the numbers are names, and some are not.
  }
  return classes.map((number) => names[number] ?? String(number)).join(",");
}

/** Parts between commas; a name can hold commas itself. */
function split(text: string, names: readonly string[]): string[] {
  const parts = text.split(",");
  const items: string[] = [];
  for (let from = 0; from < parts.length;) {
    let to = parts.length;
    const joined = () => parts.slice(from, to).join(",").trim();
    while (to > from + 1 && !names.includes(joined())) to--;
    items.push(joined());
    from = to;
  }
  return items;
}

const RANGE = /^(\d+)\.\.(\d+)$/;

/** The classes of a range: those with numbers in it as names, in that order. */
function byName(item: string, names: readonly string[]): number[] | undefined {
  if (names.includes(item)) return [names.indexOf(item)];
  const [first, last] = RANGE.exec(item)?.slice(1) ?? [];
  if (first === undefined || !names.includes(first) || !names.includes(last)) return undefined;
  const inside = names.map((name, number) => ({ value: /^\d+$/.test(name) ? +name : NaN, number }))
    .filter(({ value }) => value >= +first && value <= +last)
    .sort((a, b) => a.value - b.value)
    .map(({ number }) => number);
  return inside.length > 0 ? inside : undefined;
}

function byNumber(item: string, numClasses: number): number[] | undefined {
  const [first, last] = (RANGE.exec(item)?.slice(1) ?? [item, item])
    .map((text) => /^\d+$/.test(text) ? Number(text) : NaN);
  if (!(first <= last && last < numClasses)) return undefined;
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Lists classes by name, where they have names and are few enough to list; else by number. */
function knownClasses(numClasses: number, names: readonly string[]): string {
  return names.length > 0 && names.length <= 12 ? names.join(", ") : `0 to ${numClasses - 1}`;
}
