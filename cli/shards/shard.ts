/**
 * Shares of a job: which one this process does, by a flag or by what started it.
 *
 * @module
 */
import { variable } from "../environment.ts";
import { UsageError } from "../errors.ts";
import type { Option, Value } from "../options/options.ts";

/** One of several equal shares. */
export interface Shard {
  /** Its number, from 0. */
  readonly index: number;
  /** How many there are. */
  readonly count: number;
}

/** The flag that chooses a share. */
export const SHARD_OPTION: Option = {
  key: "shard",
  type: "text",
  value: "I/N",
  help: "do share I of N, from 0/N to N-1/N, for as many processes or machines; auto, or auto/N, " +
    "takes I from mpirun, a Slurm array, a Kubernetes Indexed Job, or RANK",
};

/** Variables with the number of a process, and of all processes. */
interface Source {
  readonly index: string;
  readonly count: string;
}

/** Tasks of a Slurm array. */
const ARRAY: Source = { index: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT" };

/** Processes that were started together, also within one task of an array. */
const TOGETHER: readonly Source[] = [
  { index: "OMPI_COMM_WORLD_RANK", count: "OMPI_COMM_WORLD_SIZE" },
  { index: "PMI_RANK", count: "PMI_SIZE" },
  // The batch script itself has a SLURM_PROCID, too, but no step around it.
  { index: "SLURM_PROCID", count: "SLURM_STEP_NUM_TASKS" },
];

/** Numbers that the programs give their processes; the first one that is there counts. */
const SOURCES: readonly Source[] = [
  ARRAY,
  ...TOGETHER,
  { index: "JOB_COMPLETION_INDEX", count: "WORLD_SIZE" },
  { index: "RANK", count: "WORLD_SIZE" },
];

/**
 * The share that flags ask for; undefined without the flag, which means the whole job.
 *
 * @throws {UsageError} when there is no such share, or `auto` finds no numbers
 */
export function shardOf({ shard }: Readonly<Record<string, Value>>): Shard | undefined {
  if (shard === undefined) return undefined;
  const [, first, second] = /^(auto|\d+)(?:\/(\d+))?$/.exec(String(shard)) ?? [];
  const written = second === undefined ? undefined : Number(second);
  if (first === "auto") return automatic(written);
  if (first === undefined || written === undefined) {
    throw new UsageError(`--shard is ${shard}: expected I/N, such as 0/8, or auto`);
  }
  return checked(`--shard is ${shard}`, Number(first), written);
}

function automatic(written: number | undefined): Shard {
  const source = SOURCES.find(({ index, count }) => {
    // Without an array or a step, Slurm's variables and RANK alone say nothing.
    return variable(index) !== undefined &&
      (written !== undefined || index === "JOB_COMPLETION_INDEX" || variable(count) !== undefined);
  });
  const together = TOGETHER.find(({ index, count }) => {
    return variable(index) !== undefined && Number(variable(count)) > 1;
  });
  if (source === ARRAY && together) return ofBoth(together, written);
  if (source === undefined) {
    const names = SOURCES.map(({ index }) => index).join(", ");
    throw new UsageError(
      `--shard auto finds no share: none of ${names} is set; give it as I/N, such as 0/8`,
    );
  }
  const index = Number(variable(source.index));
  const count = written ?? countIn(source.count, source.index);
  return checked(`${source.index} is ${variable(source.index)}`, index, count);
}

/** The share of one of several processes of a task of an array: tasks take their shares in turn. */
function ofBoth(together: Source, written: number | undefined): Shard {
  const [task, tasks, process, processes] = [ARRAY, together]
    .flatMap(({ index, count }) => [Number(variable(index)), Number(variable(count))]);
  const found = `${ARRAY.index} is ${task} and ${together.index} is ${process} of ${processes}`;
  return checked(found, task * processes + process, written ?? tasks * processes);
}

function countIn(count: string, index: string): number {
  const found = variable(count);
  if (found !== undefined) return Number(found);
  throw new UsageError(
    `--shard auto finds ${index}, but not how many shares there are: give --shard auto/N, or set ` +
      count,
  );
}

function checked(found: string, index: number, count: number): Shard {
  if (Number.isInteger(index) && Number.isInteger(count) && index >= 0 && index < count) {
    return { index, count };
  }
  const expected = count >= 1 ? `a share from 0/${count} to ${count - 1}/${count}` : "0/1 or more";
  throw new UsageError(`${found}, of ${count} shares: expected ${expected}`);
}

/**
 * Checks that no share is empty.
 *
 * @param what the word for several of the things that are shared out
 * @throws {UsageError} when there are fewer of them than shares
 */
export function expectFilled({ count }: Shard, total: number, what: string): void {
  if (total >= count) return;
  throw new UsageError(`${count} shares are more than the ${total} ${what}: give fewer`);
}

/** What a share does of as many things: those from the first up to the end, which is not its own. */
export function rangeOf({ index, count }: Shard, total: number): readonly [number, number] {
  return [Math.floor(index * total / count), Math.floor((index + 1) * total / count)];
}

/** The numbers that are a share's, of 0 to total - 1. */
export function numbersOf(shard: Shard, total: number): number[] {
  const [first, end] = rangeOf(shard, total);
  return Array.from({ length: end - first }, (_, i) => first + i);
}

const padded = (value: number) => String(value).padStart(5, "0");

/** The file of a share: `images.npz` becomes `images-00002-of-00008.npz`. */
export function shardPath(path: string, { index, count }: Shard): string {
  return path.replace(/(\.[^./\\]+)?$/, (end) => `-${padded(index)}-of-${padded(count)}${end}`);
}

/** The share that a file's name gives, if it does. */
export function shardInName(path: string): Shard | undefined {
  const [, index, count] = /-(\d{5,})-of-(\d{5,})\.[^./\\]+$/.exec(path) ?? [];
  return index === undefined ? undefined : { index: Number(index), count: Number(count) };
}
