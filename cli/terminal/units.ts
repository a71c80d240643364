/**
 * Numbers with units, as people read them.
 *
 * @module
 */

/** Three digits, or as many as stand before the point, with commas: 0.0123, 4.56, 5,040. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** A rate, without its unit. */
export const perSecond = figure;

/** Bytes as KiB, MiB or GiB. */
export function byteSize(bytes: number): string {
  return scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
}

/** Floating-point operations as MFLOP, GFLOP or TFLOP. */
export function flopCount(flops: number): string {
  return scaled(flops, 1000, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"]);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let index = 0;
  // 999.6 of a unit would be written 1,000.
  while (Math.round(value) >= base && index < units.length - 1) {
    value /= base;
    index++;
  }
  return `${figure(value)} ${units[index]}`;
}
