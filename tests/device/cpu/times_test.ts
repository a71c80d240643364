import { assertEquals } from "@std/assert";
import { timesOf } from "../../../src/device/cpu/threads.ts";

Deno.test("timesOf() ends an entry when the first thread leaves it", () => {
  // The first thread wakes up late from the second entry, when the other has done the third.
  const moments = [[0, 2, 9, 10], [1, 3, 5, 9]].map((each) => Float64Array.from(each));
  assertEquals(timesOf(moments), Float64Array.of(2, 3, 4));
  assertEquals(timesOf([undefined, undefined]), undefined);
  assertEquals(timesOf([Float64Array.of(7, 8)]), Float64Array.of(1));
});
