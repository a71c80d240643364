/**
 * The length of the pieces when `size` is cut into as few as possible, all alike, each at most `limit`
 * (a multiple of `unit`), and a multiple of `unit`.
 */
export function pieces(size: number, limit: number, unit: number): number {
  const count = Math.ceil(size / limit);
  return Math.ceil(size / count / unit) * unit;
}
