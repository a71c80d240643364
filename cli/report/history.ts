/**
 * A run's metrics over its steps, in a bounded table: however long the run, a page that shows it
 * stays small.
 *
 * @module
 */
import type { MetricsLine } from "../../src/run/logger.ts";
import { metricValues } from "../../src/run/metric_values.ts";

/** Rows of a table at most; the fewest of a long run are half as many. */
const MAX_ROWS = 600;

/** A metric over the steps of a row. */
interface Span {
  sum: number;
  count: number;
  low: number;
  high: number;
}

interface Row {
  /** The last step. */
  step: number;
  readonly metrics: Map<string, Span>;
}

/** One metric over the rows of a table; null where a row has none. */
export interface Column {
  readonly mean: (number | null)[];
  readonly low: (number | null)[];
  readonly high: (number | null)[];
}

/** Collects metrics. Each row stands for equally many steps, twice as many whenever rows get too many. */
export class RunHistory {
  #stepsPerRow = 1;
  #rows: Row[] = [];
  #lowest = new Map<string, { step: number; value: number }>();
  #last = new Map<string, number>();

  /** The last step that has metrics; 0 before there is one. */
  get step(): number {
    return this.#rows.at(-1)?.step ?? 0;
  }

  /** The last value of a metric. */
  last(name: string): number | undefined {
    return this.#last.get(name);
  }

  /** The mean of a metric over all steps that have it. */
  mean(name: string): number | undefined {
    const spans = this.#rows.flatMap(({ metrics }) => metrics.get(name) ?? []);
    const count = spans.reduce((total, span) => total + span.count, 0);
    return count > 0 ? spans.reduce((total, { sum }) => total + sum, 0) / count : undefined;
  }

  /** The lowest value of a metric, and the first step that had it. */
  lowest(name: string): { step: number; value: number } | undefined {
    return this.#lowest.get(name);
  }

  /** Adds a line; lines come in the order of steps. */
  add({ step, ...metrics }: MetricsLine): void {
    let row = this.#rows.at(-1);
    if (!row || this.#indexOf(row.step) < this.#indexOf(step)) {
      row = { step, metrics: new Map() };
      this.#rows.push(row);
    }
    row.step = step;
    for (const [name, value] of metricValues(metrics)) {
      if (!Number.isFinite(value)) continue;
      merge(row.metrics, name, { sum: value, count: 1, low: value, high: value });
      this.#last.set(name, value);
      if (value < (this.#lowest.get(name)?.value ?? Infinity)) {
        this.#lowest.set(name, { step, value });
      }
    }
    if (this.#rows.length > MAX_ROWS) this.#halve();
  }

  /** The rows with at least one of these metrics, and the metrics in them. */
  table(names: readonly string[]): { steps: number[]; columns: Column[] } {
    const rows = this.#rows.filter(({ metrics }) => names.some((name) => metrics.has(name)));
    const column = (name: string): Column => {
      const spans = rows.map(({ metrics }) => metrics.get(name));
      return {
        mean: spans.map((span) => span ? span.sum / span.count : null),
        low: spans.map((span) => span?.low ?? null),
        high: spans.map((span) => span?.high ?? null),
      };
    };
    return { steps: rows.map(({ step }) => step), columns: names.map(column) };
  }

  #indexOf(step: number): number {
    return Math.floor((step - 1) / this.#stepsPerRow);
  }

  #halve(): void {
    this.#stepsPerRow *= 2;
    const rows: Row[] = [];
    for (const row of this.#rows) {
      const before = rows.at(-1);
      if (!before || this.#indexOf(before.step) < this.#indexOf(row.step)) rows.push(row);
      else {
        before.step = row.step;
        for (const [name, span] of row.metrics) merge(before.metrics, name, span);
      }
    }
    this.#rows = rows;
  }
}

function merge(metrics: Map<string, Span>, name: string, span: Span): void {
  const known = metrics.get(name);
  metrics.set(
    name,
    known
      ? {
        sum: known.sum + span.sum,
        count: known.count + span.count,
        low: Math.min(known.low, span.low),
        high: Math.max(known.high, span.high),
      }
      : span,
  );
}
