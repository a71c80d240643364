// Ranges of memory: never two in one place, and all of it comes back.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { ALIGNMENT, Allocator } from "../../../src/device/cpu/allocator.ts";
import { RandomStream } from "../../../src/nn/random.ts";

Deno.test("Allocator never overlaps ranges and gets all memory back, in 200 random histories", () => {
  for (let seed = 0; seed < 200; seed++) {
    const stream = new RandomStream(seed, 0);
    let index = 0;
    const below = (limit: number) => Math.floor(stream.uniform(index++) * limit);
    const allocator = new Allocator(1000);
    let end = 1024;
    const held = new Map<number, number>();
    for (let turn = 0; turn < 300; turn++) {
      if (held.size > 0 && below(2) === 0) {
        const address = [...held.keys()][below(held.size)];
        allocator.free(address);
        held.delete(address);
        continue;
      }
      const bytes = below(3000);
      let address = allocator.allocate(bytes);
      if (address === undefined) {
        const needed = allocator.endFor(bytes);
        assert(needed > end, `seed ${seed}: memory is grown only when it is full`);
        allocator.extend(needed - ALIGNMENT);
        assertEquals(allocator.allocate(bytes), undefined, "endFor asks for no more than it needs");
        allocator.extend(end = needed);
        address = allocator.allocate(bytes);
      }
      assert(address !== undefined);
      assertEquals(address % ALIGNMENT, 0);
      assert(address >= 1000 && address + bytes <= end, "a range lies inside the memory");
      assert(allocator.sizeOf(address) >= bytes);
      for (const [other, size] of held) {
        assert(address + bytes <= other || other + size <= address, `seed ${seed}: overlap`);
      }
      held.set(address, bytes);
    }
    for (const address of held.keys()) allocator.free(address);
    assertEquals(allocator.allocate(end - 1024), 1024, "free ranges join into one");
  }
});

Deno.test("Allocator takes the smallest range that is large enough", () => {
  const allocator = new Allocator(0);
  allocator.extend(10 * ALIGNMENT);
  const [large, , small] = [3, 1, 2, 1].map((lines) => allocator.allocate(lines * ALIGNMENT)!);
  allocator.free(large);
  allocator.free(small);
  assertEquals(allocator.allocate(2 * ALIGNMENT), small);
  assertEquals(allocator.allocate(2 * ALIGNMENT), large);
});

Deno.test("Allocator refuses to free what it did not hand out", () => {
  const allocator = new Allocator(0);
  allocator.extend(1024);
  const address = allocator.allocate(1)!;
  allocator.free(address);
  assertThrows(() => allocator.free(address), RangeError, "No memory was handed out");
});
