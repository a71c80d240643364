/**
 * What a run of `compare.ts` measured, as one JSON file a machine and commit in `bench/results/`.
 *
 * @module
 */
import { median } from "./peers/timing.ts";

/** What is timed. */
export const TASKS = {
  /** One training step, in ms. */
  step: "ms",
  /** A batch of images drawn in 20 steps, in ms. */
  sample: "ms",
  /** From starting a process to its first training step done, without caches, in ms. */
  firstStep: "ms",
  /** A product of two f32 matrices. */
  matmul: "GFLOP/s",
} as const;

/** The name of what is timed. */
export type Task = keyof typeof TASKS;

/** All turns of one contender at one task. */
export interface Measurement {
  readonly task: Task;
  /** A network's name, or a product's shape, such as "512 x 128 x 64". */
  readonly subject: string;
  readonly contender: string;
  readonly unit: typeof TASKS[Task];
  readonly median: number;
  /** In the order in which they were taken. */
  readonly turns: readonly number[];
}

/** One run. */
export interface Results {
  /** Of this format. */
  readonly version: 1;
  /** Short hash; ends with "+" where files differed from the commit. */
  readonly commit: string;
  /** ISO 8601. */
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly system: string };
  /** Versions by the name of the software. */
  readonly software: Readonly<Record<string, string>>;
  /** Images in a batch. */
  readonly batch: number;
  readonly measurements: readonly Measurement[];
}

/** A measurement of these turns, rounded to 4 digits. */
export function measurement(
  task: Task,
  subject: string,
  contender: string,
  turns: readonly number[],
): Measurement {
  const round = (value: number) => Number(value.toPrecision(4));
  return {
    task,
    subject,
    contender,
    unit: TASKS[task],
    median: round(median(turns)),
    turns: turns.map(round),
  };
}

/** The median of a contender at a task; undefined where it didn't take part. */
export function medianOf(
  { measurements }: Results,
  task: Task,
  subject: string,
  contender: string,
): number | undefined {
  return measurements.find((m) =>
    m.task === task && m.subject === subject && m.contender === contender
  )?.median;
}

/** The name of a run's file: its CPU and commit, such as "amd-epyc-7763-1a2b3c4.json". */
export function fileName({ machine, commit }: Results): string {
  const words = `${machine.cpu} ${commit.replace("+", "-changed")}`.toLowerCase()
    .replaceAll(/\((r|tm)\)/g, " ").match(/[a-z0-9]+/g)!;
  return `${words.join("-")}.json`;
}

/**
 * Reads what {@linkcode formatResults} wrote.
 *
 * @throws {Error} naming the file and what is wrong with it
 */
export function parseResults(path: string, text: string): Results {
  const fail = (what: string): never => {
    throw new Error(`Cannot read results from ${path}: ${what}`);
  };
  let results: Results;
  try {
    results = JSON.parse(text);
  } catch {
    return fail("it is not JSON");
  }
  if (results?.version !== 1) fail(`its version is ${results?.version}, expected 1`);
  for (const field of ["commit", "date", "machine", "software", "batch"] as const) {
    if (results[field] === undefined) fail(`${field} is missing`);
  }
  if (!Array.isArray(results.measurements)) fail("measurements is not a list");
  for (const { task, subject, contender, unit, turns, ...rest } of results.measurements) {
    const name = `the measurement of ${contender} at ${task}, ${subject},`;
    if (!Object.hasOwn(TASKS, task)) fail(`${name} has an unknown task`);
    if (unit !== TASKS[task]) fail(`${name} is in ${unit}, expected ${TASKS[task]}`);
    if (!turns?.length || !turns.every((turn) => turn > 0)) {
      fail(`${name} needs turns above 0`);
    }
    if (!(rest.median > 0)) fail(`${name} needs a median above 0`);
  }
  return results;
}

/** The text of a run's file, as deno fmt would have it: a list of numbers takes one line. */
export function formatResults(results: Results): string {
  const text = JSON.stringify(results, null, 2);
  return text.replaceAll(/\[\s+([\d.,e+\s-]+?)\s+\]/g, (_, list) => {
    return `[${list.replaceAll(/\s+/g, " ")}]`;
  }) + "\n";
}
