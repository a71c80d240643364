/**
 * Hands out ranges of a memory that can grow, and takes them back.
 *
 * @module
 */

/** Every range begins and ends at a multiple of this many bytes: a line of the processor's cache. */
export const ALIGNMENT = 64;

interface Range {
  start: number;
  end: number;
}

/** Rounds bytes up to whole lines. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Which bytes are free, from `start` on. It holds nothing until {@linkcode Allocator.extend}. */
export class Allocator {
  /** Free ranges by address; no two of them touch. */
  #free: Range[] = [];
  #sizes = new Map<number, number>();
  #end: number;

  /** @param start the first byte to hand out */
  constructor(start: number) {
    this.#end = aligned(start);
  }

  /** Bytes of a range that was handed out. */
  sizeOf(start: number): number {
    const size = this.#sizes.get(start);
    if (size === undefined) throw new RangeError(`No memory was handed out at ${start}`);
    return size;
  }

  /** The smallest free range that holds `bytes`, or nothing where none does. */
  allocate(bytes: number): number | undefined {
    const size = Math.max(ALIGNMENT, aligned(bytes));
    let best: Range | undefined;
    for (const range of this.#free) {
      const room = range.end - range.start;
      if (room >= size && (best === undefined || room < best.end - best.start)) best = range;
    }
    if (best === undefined) return undefined;
    const { start } = best;
    best.start += size;
    if (best.start === best.end) this.#free.splice(this.#free.indexOf(best), 1);
    this.#sizes.set(start, size);
    return start;
  }

  /** Frees memory from {@linkcode Allocator.allocate}. */
  free(start: number): void {
    const size = this.sizeOf(start);
    this.#sizes.delete(start);
    this.#add({ start, end: start + size });
  }

  /** The end of memory that frees a range of `bytes`. */
  endFor(bytes: number): number {
    const last = this.#free.at(-1);
    const start = last?.end === this.#end ? last.start : this.#end;
    return start + Math.max(ALIGNMENT, aligned(bytes));
  }

  /** Adds the bytes up to `end`. */
  extend(end: number): void {
    const whole = Math.floor(end / ALIGNMENT) * ALIGNMENT;
    if (whole <= this.#end) return;
    this.#add({ start: this.#end, end: whole });
    this.#end = whole;
  }

  /** Puts a range among the free ones and joins it with its neighbors. */
  #add(range: Range): void {
    const free = this.#free;
    let index = free.findIndex(({ start }) => start > range.start);
    if (index < 0) index = free.length;
    const before = free[index - 1];
    const after = free[index];
    const joinsBefore = before?.end === range.start;
    const joinsAfter = after?.start === range.end;
    if (joinsBefore && joinsAfter) {
      before.end = after.end;
      free.splice(index, 1);
    } else if (joinsBefore) before.end = range.end;
    else if (joinsAfter) after.start = range.start;
    else free.splice(index, 0, range);
  }
}
