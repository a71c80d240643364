/** The loop that every thread runs: it walks a tape, takes tiles, and meets the others after each entry. */
import { Attention, attention } from "./attention.ts";
import { AttentionGradient, attentionGradient } from "./attention_gradient.ts";
import { wait } from "./barrier.ts";
import { ADD, ATTENTION, ATTENTION_GRADIENT, COPY, ENTRY_BYTES, MATMUL } from "./codes.ts";
import { Add, add, Copy, copy } from "./elementwise.ts";
import { Matmul, matmul } from "./matmul.ts";
import { Entry } from "./tape.ts";

/**
 * Runs the entries `from` to `count` of a tape whose phase is one of `phases`.
 *
 * @param tape address of the entries
 * @param phases bits of the phases to run; others are skipped
 * @param threads how many threads call this with the same tape, each once
 * @param barrier address of two i32, both 0 at first, shared by these threads
 * @param scratch address of this thread's scratch memory
 * @param budget nanoseconds (by the entries' own estimates) after which to return early; only with
 * one thread. 0: run to the end
 * @returns the entry to go on from: `count` when all are done
 */
export function run(
  tape: usize,
  from: i32,
  count: i32,
  phases: i32,
  threads: i32,
  barrier: usize,
  scratch: usize,
  budget: i32,
): i32 {
  let spent = 0;
  for (let index = from; index < count; index++) {
    const entry = changetype<Entry>(tape + <usize> index * ENTRY_BYTES);
    if ((entry.phase & phases) == 0) continue;
    const counter = changetype<usize>(entry) + offsetof<Entry>("counter");
    for (;;) {
      const tile = take(counter, threads);
      if (tile >= entry.tiles) break;
      dispatch(entry, tile, scratch);
      spent += entry.cost;
      if (budget != 0 && spent >= budget) return index;
    }
    if (threads == 1) entry.counter = 0;
    else wait(barrier, threads, entry);
  }
  return count;
}

// @ts-ignore: decorator

function take(counter: usize, threads: i32): i32 {
  if (ASC_FEATURE_THREADS) {
    if (threads > 1) return atomic.add<i32>(counter, 1);
  }
  const tile = load<i32>(counter);
  store<i32>(counter, tile + 1);
  return tile;
}

function dispatch(entry: Entry, tile: i32, scratch: usize): void {
  switch (entry.code) {
    case COPY:
      return copy(changetype<Copy>(entry), tile);
    case ADD:
      return add(changetype<Add>(entry), tile);
    case MATMUL:
      return matmul(changetype<Matmul>(entry), tile, scratch);
    case ATTENTION:
      return attention(changetype<Attention>(entry), tile, scratch);
    case ATTENTION_GRADIENT:
      return attentionGradient(changetype<AttentionGradient>(entry), tile, scratch);
    default:
      unreachable();
  }
}
