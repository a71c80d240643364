/**
 * Metrics of a run by their names.
 *
 * @module
 */

/** The numbers in a line of `metrics.jsonl`, nested ones included, such as `moments/x0/mean`. */
export function metricValues(line: object, prefix = ""): [name: string, value: number][] {
  return Object.entries(line).flatMap(([name, value]) =>
    typeof value === "number"
      ? [[prefix + name, value]]
      : typeof value === "object" && value !== null
      ? metricValues(value, `${prefix}${name}/`)
      : []
  );
}
