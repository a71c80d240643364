// The one memory of a CPU device.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { LinearMemory, reserve } from "../../../src/device/cpu/memory.ts";
import { DeviceLimitError } from "../../../src/device/errors.ts";

const PAGE = 65536;

function small(pages: number): LinearMemory {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: pages });
  return new LinearMemory(memory, pages * PAGE, 1024);
}

Deno.test("LinearMemory zeroes reused memory on request", () => {
  const memory = small(4);
  const address = memory.allocate(4096, "first");
  memory.words(address, 1024).fill(7);
  memory.free(address);
  const again = memory.allocateZeros(8192, "second");
  assertEquals(again, address);
  assertEquals([...new Set(memory.words(again, 2048))], [0]);
});

Deno.test("LinearMemory grows when full, keeps its contents, and counts its bytes", () => {
  const memory = small(20);
  const address = memory.allocate(PAGE / 2, "first");
  memory.words(address, 4).set([1, 2, 3, 4]);
  const other = memory.allocate(10 * PAGE, "second");
  assertEquals([...memory.words(address, 4)], [1, 2, 3, 4]);
  assertEquals(memory.bytes, 10.5 * PAGE);
  memory.free(address);
  memory.free(other);
  assertEquals(memory.bytes, 0);
  memory.allocate(19 * PAGE, "whole");
});

Deno.test("LinearMemory counts freed bytes at once, but reuses them only when allowed", () => {
  const memory = small(4);
  const address = memory.allocate(1024, "first");
  let free = () => {};
  memory.freeLater(address, (action) => free = action);
  assertEquals(memory.bytes, 0);
  assert(memory.allocate(1024, "second") !== address);
  free();
  assertEquals(memory.allocate(1024, "third"), address);
});

Deno.test("LinearMemory refuses too much in one sentence with the amount and a helpful option", () => {
  const memory = small(64);
  memory.allocate(PAGE, "parameters");
  const error = assertThrows(() => memory.allocate(64 * PAGE, "activations"), DeviceLimitError);
  assertEquals(
    error.message,
    "This model needs 4 MiB (activations) beside the 1 MiB in use, and the CPU device's memory " +
      "ends at 4 MiB; use a smaller --batch-size, more --accumulate in training, or a smaller model",
  );
  memory.allocate(62 * PAGE, "less");
});

Deno.test("LinearMemory gives the same sentence if the engine does not grow it", () => {
  const memory = new LinearMemory(new WebAssembly.Memory({ initial: 1, maximum: 2 }), 2 ** 30, 0);
  assertThrows(
    () => memory.allocate(8 * PAGE, "activations"),
    DeviceLimitError,
    "the CPU device's memory did not grow beyond 1 MiB; use a smaller --batch-size",
  );
});

Deno.test("LinearMemory ignores what is freed after its end", () => {
  const memory = small(4);
  const address = memory.allocate(1024, "first");
  memory.destroy();
  memory.free(address);
  assertEquals(memory.bytes, 0);
  assertThrows(() => memory.allocateZeros(1024, "second"), Error, "was destroyed");
});

Deno.test("LinearMemory reaches 4 GiB", () => {
  assertEquals(reserve(false).maximum, 2 ** 32);
  assertEquals(reserve(true).maximum, 2 ** 32);
});
