/**
 * Whether shares make up a whole: nothing missing, nothing twice.
 *
 * @module
 */
import { CommandError } from "../errors.ts";

/** Gaps and doubles that a message names at most. */
const NAMED = 5;

/** Where each number was found. */
export class Coverage {
  readonly #places = new Map<number, string[]>();

  /** Takes note of a number. */
  add(number: number, place: string): void {
    const places = this.#places.get(number);
    if (places) places.push(place);
    else this.#places.set(number, [place]);
  }

  /**
   * Checks that the numbers from 0 up to a count are there, once each.
   *
   * @param what the word for several of them
   * @param count how many there should be; by default up to the last one found
   * @returns that count
   * @throws {CommandError} naming the first gaps, or doubles
   */
  check(what: string, count?: number): number {
    const found = [...this.#places.keys()].sort((a, b) => a - b);
    const beyond = found.filter((number) => number >= (count ?? Infinity));
    if (beyond.length > 0) {
      throw new CommandError(
        `There are ${what} beyond the ${count} that --count asks for: ${rangesOf(beyond)}`,
      );
    }
    const total = count ?? (found.at(-1) ?? -1) + 1;
    const missing = gapsIn(found, total);
    if (missing.length > 0) {
      const number = missing.reduce((sum, [first, end]) => sum + end - first, 0);
      throw new CommandError(
        `${number} of ${total} ${what} are missing: ${listed(missing)}; make them with the same ` +
          `command and --shard as before, which does only these`,
      );
    }
    const doubles = found.filter((number) => this.#places.get(number)!.length > 1);
    if (doubles.length > 0) {
      throw new CommandError(
        `${doubles.length} of ${total} ${what} are there more than once: ${
          rangesOf(doubles)
        }, in ` +
          `${this.#places.get(doubles[0])!.join(" and ")}; leave one of these out`,
      );
    }
    return total;
  }
}

type Range = readonly [first: number, end: number];

function gapsIn(sorted: readonly number[], total: number): Range[] {
  const gaps: Range[] = [];
  let next = 0;
  for (const number of [...sorted, total]) {
    if (number > next) gaps.push([next, number]);
    next = number + 1;
  }
  return gaps;
}

function rangesOf(sorted: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of sorted) {
    const last = ranges.at(-1);
    if (last?.[1] === number) last[1]++;
    else ranges.push([number, number + 1]);
  }
  return listed(ranges);
}

function listed(ranges: readonly Range[]): string {
  const words = ranges.slice(0, NAMED)
    .map(([first, end]) => end - first === 1 ? `${first}` : `${first} to ${end - 1}`);
  return [...words, ...ranges.length > NAMED ? ["..."] : []].join(", ");
}
