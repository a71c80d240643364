/**
 * What the peers' timers share: a clock, medians, filler, and a plain table.
 *
 * @module
 */

/** Milliseconds that `work` takes, by the wall. */
export async function milliseconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The median; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Uniform numbers in (-scale, scale), the same for the same seed (an LCG: filler, no more). */
export function filler(length: number, scale: number, seed: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(length);
  let state = (seed * 2654435761 + 12345) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = scale * (state / 2 ** 31 - 1);
  }
  return values;
}

/** Prints rows under a heading, columns aligned. */
export function printTable(heading: readonly string[], rows: readonly string[][]): void {
  const all = [heading, ...rows];
  const widths = heading.map((_, c) => Math.max(...all.map((row) => row[c].length)));
  for (const row of all) {
    console.log(
      row.map((cell, c) => c ? cell.padStart(widths[c]) : cell.padEnd(widths[c])).join("  "),
    );
  }
}

/** One line on the adapter, for the top of a table. */
export async function adapterName(): Promise<string> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  return adapter ? adapter.info.description || adapter.info.device || adapter.info.vendor : "none";
}
