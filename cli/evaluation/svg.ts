/**
 * Shared parts of drawings of curves: axes, words and numbers. Pure: numbers in, text out.
 *
 * @module
 */

/** Round numbers, 1, 2 or 5 times a power of ten apart, that enclose low to high. */
export function ticks(low: number, high: number, most: number): number[] {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const apart = power * [1, 2, 5, 10].find((m) => m * power >= rough * 0.999)!;
  const from = Math.floor(low / apart + 1e-9), to = Math.ceil(high / apart - 1e-9);
  return Array.from(
    { length: to - from + 1 },
    (_, i) => Number(((from + i) * apart).toPrecision(12)),
  );
}

/** Round numbers from low to high, for an axis of logarithms. */
export function logTicks(low: number, high: number): number[] {
  const from = Math.floor(Math.log10(low)), to = Math.ceil(Math.log10(high));
  const apart = Math.ceil((to - from) / 8), within = high < 300 * low ? [1, 2, 5] : [1];
  const all: number[] = [];
  for (let power = from; power <= to; power += apart) {
    for (const m of within) all.push(Number((m * 10 ** power).toPrecision(2)));
  }
  return all.filter((t) => t >= low / 1.15 && t <= high * 1.15);
}

/** A line of words. */
export function text(
  x: number | string,
  y: number | string,
  anchor: string,
  words: string,
): string {
  return `  <text class="soft" x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;
}

/** A coordinate, to a tenth. */
export const n = (value: number) => String(Number(value.toFixed(1)));

/** A value in three digits. */
export function label(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5)
    ? value.toExponential(2).replace(/\.?0+e\+?/, "e")
    : String(Number(value.toPrecision(3)));
}
