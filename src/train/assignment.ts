/**
 * The linear assignment problem.
 *
 * @module
 */

/**
 * The column of each row so that the costs add up to the least, each column taken once (Kuhn 1955;
 * by shortest augmenting paths, in O(n^3)).
 *
 * @param costs (n, n), row by row
 */
export function assign(costs: Float64Array, n: number): number[] {
  // Rows and columns from 1 on; 0 means none. A column's row, and the prices of both.
  const rowOf = new Int32Array(n + 1);
  const [ofRow, ofColumn] = [new Float64Array(n + 1), new Float64Array(n + 1)];
  for (let row = 1; row <= n; row++) {
    const nearest = new Float64Array(n + 1).fill(Infinity);
    const from = new Int32Array(n + 1);
    const reached = new Uint8Array(n + 1);
    rowOf[0] = row;
    let column = 0;
    while (rowOf[column] !== 0 || column === 0) {
      reached[column] = 1;
      const at = rowOf[column];
      let [step, next] = [Infinity, 0];
      for (let j = 1; j <= n; j++) {
        if (reached[j]) continue;
        const length = costs[(at - 1) * n + j - 1] - ofRow[at] - ofColumn[j];
        if (length < nearest[j]) [nearest[j], from[j]] = [length, column];
        if (nearest[j] < step) [step, next] = [nearest[j], j];
      }
      for (let j = 0; j <= n; j++) {
        if (reached[j]) {
          ofRow[rowOf[j]] += step;
          ofColumn[j] -= step;
        } else nearest[j] -= step;
      }
      column = next;
    }
    for (; column !== 0; column = from[column]) rowOf[column] = rowOf[from[column]];
  }
  const columns = new Array<number>(n);
  for (let j = 1; j <= n; j++) columns[rowOf[j] - 1] = j - 1;
  return columns;
}
