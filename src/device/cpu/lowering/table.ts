/**
 * How the CPU does each operation.
 *
 * @module
 */
import { ADD, COPY } from "../../../../kernels/wasm/assembly/codes.ts";
import type { Lowerings } from "../program.ts";

const CHUNK = 16384;

/** A stand-in until the kernels are merged. */
const some: Pick<Lowerings, "copy" | "add"> = {
  copy: ({ size }, { x, y }) => [
    { code: COPY, tiles: Math.ceil(size / CHUNK), fields: { x, y, size } },
  ],
  add: ({ size }, { x, y }) => [
    { code: ADD, tiles: Math.ceil(size / CHUNK), fields: { x, y, size } },
  ],
};

export const lowerings = some as Lowerings;
