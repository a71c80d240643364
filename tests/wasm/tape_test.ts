// A tape outside of the device, with the simplest kernels.

import { assertEquals } from "@std/assert";
import { ADD, COPY } from "../../kernels/wasm/assembly/codes.ts";
import { temporary } from "../../src/graph/tensor.ts";
import { ARITHMETICS, runEntries } from "./tape.ts";

for (const arithmetic of ARITHMETICS) {
  Deno.test(`a tape runs (${arithmetic})`, async () => {
    const [x, y] = [temporary(7), temporary(7)];
    const fields = { x, y, size: 7 };
    const entries = [{ code: COPY, tiles: 1, fields }, { code: ADD, tiles: 1, fields }];
    const values = [1, 2, 3, 4, 5, 6, 7];
    const read = await runEntries(entries, new Map([[x, values]]), { arithmetic, shift: 1 });
    assertEquals([...read(y)], values.map((value) => 2 * value));
  });
}
