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
  const coordinates = new Array<number>(axes.length);
  for (let point = 0; point < points; point++) {
    let rest = point;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const scale = stretched ? 1000 / Math.max(1, axes[axis] - 1) : 1;
      coordinates[axis] = rest % axes[axis] * scale;
      rest = Math.floor(rest / axes[axis]);
    }
    const row = coordinates.flatMap((coordinate, axis) => {
      const share = Math.floor((pairs + axes.length - 1 - axis) / axes.length);
      const angles = Array.from({ length: share }, (_, i) => coordinate / 10000 ** (i / share));
      return [...angles.map(Math.sin), ...angles.map(Math.cos)];
    });
    table.set(row, point * width);
  }
  return table;
}
