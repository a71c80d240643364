/**
 * The settings that a NumPy archive of rin records, and the share that it is.
 *
 * @module
 */
import type { Value } from "../options/options.ts";
import type { Shard } from "./shard.ts";

/** Settings by name. */
export type NpzRecord = Readonly<Record<string, Value>>;

/** The text of an archive's `rin.json`. */
export function npzNote(record: NpzRecord, shard?: Shard): string {
  return JSON.stringify(shard ? { ...record, shard: [shard.index, shard.count] } : record);
}

/** Reads what {@linkcode npzNote} has written. */
export function readNpzNote(text: string): { readonly record: NpzRecord; readonly shard?: Shard } {
  const { shard, ...record } = JSON.parse(text);
  return shard ? { record, shard: { index: shard[0], count: shard[1] } } : { record };
}
