// The one memory of a CPU device.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { LinearMemory, reserve } from "../../../src/device/cpu/memory.ts";
import { DeviceLimitError } from "../../../src/device/errors.ts";

const PAGE = 65536;

function small(pages: number): LinearMemory {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: pages });
  return new LinearMemory(memory, pages * PAGE, 1024);
}

Deno.test("memory that was used before is handed out as zeros where zeros are asked for", () => {
  const memory = small(4);
  const address = memory.allocate(4096, "first");
  memory.words(address, 1024).fill(7);
  memory.free(address);
  const again = memory.allocateZeros(8192, "second");
  assertEquals(again, address);
  assertEquals([...new Set(memory.words(again, 2048))], [0]);
});

Deno.test("memory grows while it is full, keeps what it holds, and counts its bytes", () => {
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

Deno.test("memory counts as free at once, but is handed out when that is allowed", () => {
  const memory = small(4);
  const address = memory.allocate(1024, "first");
  let free = () => {};
  memory.freeLater(address, (action) => free = action);
  assertEquals(memory.bytes, 0);
  assert(memory.allocate(1024, "second") !== address);
  free();
  assertEquals(memory.allocate(1024, "third"), address);
});

Deno.test("too much memory is one sentence that says how much and which option helps", () => {
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

Deno.test("a memory that the engine does not grow is the same sentence", () => {
  const memory = new LinearMemory(new WebAssembly.Memory({ initial: 1, maximum: 2 }), 2 ** 30, 0);
  assertThrows(
    () => memory.allocate(8 * PAGE, "activations"),
    DeviceLimitError,
    "the CPU device's memory did not grow beyond 1 MiB; use a smaller --batch-size",
  );
});

Deno.test("what is freed after the memory is gone changes nothing", () => {
  const memory = small(4);
  const address = memory.allocate(1024, "first");
  memory.destroy();
  memory.free(address);
  assertEquals(memory.bytes, 0);
  assertThrows(() => memory.allocateZeros(1024, "second"), Error, "was destroyed");
});

Deno.test("a memory can reach 4 GiB", () => {
  assertEquals(reserve(false).maximum, 2 ** 32);
  assertEquals(reserve(true).maximum, 2 ** 32);
});
