// Several processes that train together, played by one.

import type { Peers } from "../../src/train/peers.ts";

/** Peers that call each other; all of them must be used at the same time. */
export function playedPeers(size: number): Peers[] {
  /** The calls of each rank that wait for the others'. */
  const calls: Map<number, Promise<unknown[]>> = new Map();
  const given = new Map<number, { values: unknown[]; resolve: (all: unknown[]) => void }>();
  /** Everybody's values in the `turn`th call. */
  const together = (rank: number, turn: number, value: unknown): Promise<unknown[]> => {
    if (!given.has(turn)) {
      const { promise, resolve } = Promise.withResolvers<unknown[]>();
      calls.set(turn, promise);
      given.set(turn, { values: [], resolve });
    }
    const { values, resolve } = given.get(turn)!;
    values[rank] = value;
    if (values.filter((known) => known !== undefined).length === size) resolve(values);
    return calls.get(turn)!;
  };
  return Array.from({ length: size }, (_, rank): Peers => {
    let turn = 0;
    const arrays = async (values: Float32Array) => {
      return await together(rank, turn++, values.slice()) as Float32Array[];
    };
    return {
      rank,
      size,
      localRank: rank,
      description: `${size} played processes`,
      exchange: async (values, into) => {
        const piece = values.length / size;
        const all = await arrays(values);
        join(all.map((one) => one.subarray(rank * piece, (rank + 1) * piece)), into);
      },
      gather: async (values, into = new Float32Array(size * values.length)) => {
        return join(await arrays(values), into);
      },
      broadcast: async (bytes) => {
        const [first] = await together(rank, turn++, bytes ?? null) as Uint8Array<ArrayBuffer>[];
        return first.slice();
      },
    };
  });
}

function join(
  arrays: readonly Float32Array[],
  all: Float32Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> {
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
