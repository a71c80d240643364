/**
 * Counters and histograms in Prometheus' text format.
 *
 * @module
 */

/** Upper bounds of a request's seconds. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Upper bounds of a batch's images. */
const IMAGES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

type Labels = Readonly<Record<string, string | number>>;

/** A sum for each combination of labels, which only grows. */
class Counter {
  #sums = new Map<string, number>();

  constructor(readonly name: string, readonly help: string) {}

  add(amount = 1, labels: Labels = {}): void {
    const key = labelText(labels);
    this.#sums.set(key, (this.#sums.get(key) ?? 0) + amount);
  }

  *lines(): Generator<string> {
    yield* heading(this.name, this.help, "counter");
    for (const [labels, sum] of this.#sums) yield `${this.name}${labels} ${sum}`;
  }
}

/** Counts the values up to each of some bounds. */
class Histogram {
  #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(readonly name: string, readonly help: string, readonly bounds: readonly number[]) {
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.bounds.forEach((bound, i) => this.#counts[i] += value <= bound ? 1 : 0);
    this.#sum += value;
    this.#count++;
  }

  *lines(): Generator<string> {
    const { name } = this;
    yield* heading(name, this.help, "histogram");
    for (const [i, bound] of this.bounds.entries()) {
      yield `${name}_bucket{le="${bound}"} ${this.#counts[i]}`;
    }
    yield `${name}_bucket{le="+Inf"} ${this.#count}`;
    yield `${name}_sum ${this.#sum}`;
    yield `${name}_count ${this.#count}`;
  }
}

/** The service's counters. */
export class Metrics {
  readonly requests = new Counter("rin_requests_total", "Requests answered, by route and status.");
  readonly left = new Counter(
    "rin_clients_left_total",
    "Clients that left before they got " +
      "their pictures.",
  );
  readonly images = new Counter("rin_images_total", "Images made.");
  readonly evaluations = new Counter(
    "rin_evaluations_total",
    "Network evaluations of images, finished or not.",
  );
  readonly batches = new Histogram("rin_batch_images", "Images made together.", IMAGES);
  readonly seconds = new Histogram(
    "rin_request_seconds",
    "Seconds from a request for images to the end of its answer, for requests that got images.",
    SECONDS,
  );

  constructor() {
    // Events that haven't happened yet count 0.
    for (const counter of [this.left, this.images, this.evaluations]) counter.add(0);
  }

  #gauges: { name: string; help: string; read: () => number }[] = [];

  /** Adds a gauge that is read on demand. */
  gauge(name: string, help: string, read: () => number): void {
    this.#gauges.push({ name, help, read });
  }

  /** Everything in Prometheus' text format. */
  text(): string {
    const { requests, left, images, evaluations, batches, seconds } = this;
    const gauges = this.#gauges.flatMap(({ name, help, read }) => [
      ...heading(name, help, "gauge"),
      `${name} ${read()}`,
    ]);
    const counted = [requests, left, images, evaluations, batches, seconds];
    return [...counted.flatMap((metric) => [...metric.lines()]), ...gauges, ""].join("\n");
  }
}

function heading(name: string, help: string, type: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
