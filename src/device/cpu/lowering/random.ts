/**
 * Random numbers.
 *
 * @module
 */
import { NORMALS } from "../../../../kernels/wasm/assembly/codes.ts";
import { NORMALS_SCRATCH } from "../../../../kernels/wasm/assembly/sizes.ts";
import type { Lowering } from "../tape_entry.ts";
import { chunksOf } from "./tiles.ts";

/** Standard normals. */
export const normals: Lowering<"normals"> = ({ batch, each }, { keys, y }) => {
  const parts = chunksOf(each);
  const fields = { keys, y, each, parts };
  return [{ code: NORMALS, tiles: batch * parts, fields, scratch: NORMALS_SCRATCH }];
};
