/**
 * Fixed positions of the interface tokens.
 *
 * @module
 */

/**
 * Sines and cosines of the coordinates of a grid's points, (points, width), the last axis varying
 * fastest (Vaswani et al. 2017; for two axes Dosovitskiy et al. 2021, He et al. 2022).
 *
 * Each axis has an equal share of the width (the first axes one pair more where it doesn't divide
 * evenly): with n pairs, sin(c f_i), then cos(c f_i), of the coordinate c = 0, 1, ... for the
 * frequencies f_i = 10000^(-i/n). An odd width leaves a last column of zeros.
 *
 * @param axes points along each axis, such as [rows, columns] or [frames, rows, columns]
 * @param width of a token
 * @param stretched whether coordinates go from 0 to 1000 instead, as in google-research/pix2seq
 */
export function sinCosPositions(
  axes: readonly number[],
  width: number,
  stretched = false,
): Float32Array<ArrayBuffer> {
  const points = axes.reduce((a, b) => a * b, 1);
  const table = new Float32Array(points * width);
  const pairs = Math.floor(width / 2);
  // Each axis writes its own columns of all rows, and goes through its points once in `period` rows.
  let [begin, period] = [0, points];
  axes.forEach((length, axis) => {
    const share = Math.floor((pairs + axes.length - 1 - axis) / axes.length);
    const scale = stretched ? 1000 / Math.max(1, length - 1) : 1;
    const codes = Array.from({ length }, (_, c) => {
      const angles = Array.from({ length: share }, (_, i) => c * scale / 10000 ** (i / share));
      return [...angles.map(Math.sin), ...angles.map(Math.cos)];
    });
    const each = period / length;
    for (let point = 0; point < points; point++) {
      table.set(codes[Math.floor(point % period / each)], point * width + begin);
    }
    [begin, period] = [begin + 2 * share, each];
  });
  return table;
}
