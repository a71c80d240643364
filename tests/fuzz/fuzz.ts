// Feeds a reader with broken files: each must be read, or refused with the reader's own error,
// within a second of a core's time and without more memory than the file explains.

import { cpuUsage } from "node:process";
import { Dice, mutate } from "./mutate.ts";

/** A reader under test. */
export interface Target {
  readonly name: string;
  /** Good files to begin from. */
  readonly files: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  readonly read: (bytes: Uint8Array<ArrayBuffer>) => unknown;
  /** Names of the errors that a broken file may end in. */
  readonly errors: readonly string[];
  /** Bytes that reading a file may allocate at most. */
  readonly memory: (bytes: number) => number;
}

/** What came of it. */
export interface Outcome {
  readonly read: number;
  readonly refused: number;
  readonly slowest: number;
  readonly largest: number;
}

const SLOWEST = 1000;

/** Milliseconds that the cores have worked for this process: a busy machine's clock proves nothing. */
function worked(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}

/**
 * Reads `count` broken files.
 *
 * @throws naming the file by its seed, when the reader fails otherwise than it may
 */
export async function fuzz(target: Target, count: number, seed = 0): Promise<Outcome> {
  const files = await target.files();
  let [read, refused, slowest, largest] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const bytes = mutate(files, new Dice(seed + i));
    const fail = (what: string) => new Error(`${target.name}, file of seed ${seed + i}: ${what}`);
    const [time, memory] = [worked(), Deno.memoryUsage().external];
    try {
      await target.read(bytes);
      read++;
    } catch (thrown) {
      const { name, message } = thrown as Error;
      if (!target.errors.includes(name)) throw fail(`${name}: ${message}`);
      if (message.length > 2000) throw fail(`an error of ${message.length} characters`);
      refused++;
    }
    const took = worked() - time;
    const allocated = Deno.memoryUsage().external - memory;
    if (took > SLOWEST) throw fail(`it took ${took.toFixed(0)} ms`);
    if (allocated > target.memory(bytes.length)) {
      throw fail(`${allocated} bytes were allocated for ${bytes.length}`);
    }
    slowest = Math.max(slowest, took);
    largest = Math.max(largest, allocated);
  }
  return { read, refused, slowest, largest };
}
