// How LAMB's tensors are cut into chunks.

import { assertEquals } from "@std/assert";
import { lambChunks, type LambTensor } from "../../src/train/lamb_chunks.ts";

const TENSORS: LambTensor[] = [
  { offset: 0, size: 9001, adapted: true },
  // Side by side, as the projections of keys and values are.
  { offset: 9024, size: 77, adapted: true },
  { offset: 9101, size: 13, adapted: true },
  { offset: 9152, size: 4097, adapted: false },
  { offset: 13312, size: 20, adapted: true },
];

Deno.test("lambChunks() cover every tensor once, and stay within it", () => {
  const chunks = lambChunks(TENSORS);
  const rows = Array.from(
    { length: chunks.length / 4 },
    (_, i) => [...chunks.slice(4 * i, 4 * i + 4)],
  );
  assertEquals(rows.map(([, , first]) => first), [0, 0, 0, 3, 4, 5, 5, 7]);
  for (const [index, { offset, size, adapted }] of TENSORS.entries()) {
    const first = [0, 3, 4, 5, 7][index];
    let at = offset;
    for (const [start, count, , flag] of rows.filter((row) => row[2] === first)) {
      assertEquals([start, flag], [at, adapted ? 1 : 0]);
      at += count;
    }
    assertEquals(at, offset + size);
  }
});
