// The build for one thread that is made from that for threads.

import { assertEquals, assertThrows } from "@std/assert";
import { unshared } from "../../kernels/wasm/unshared.ts";

Deno.test("unshared() makes a build without shared memory, and leaves the given one as it was", async () => {
  for (const build of ["fused", "exact"]) {
    const read = (name: string) =>
      Deno.readFile(new URL(`../../kernels/wasm/${name}`, import.meta.url));
    const shared = await read(`${build}_threads.wasm`);
    const before = shared.slice();
    const alone = unshared(shared);
    assertEquals(shared, before);
    assertEquals(alone, await read(`${build}.wasm`));
    const memory = (shared: boolean) =>
      new WebAssembly.Memory({ initial: 1, maximum: 65536, shared });
    const module = await WebAssembly.compile(alone);
    new WebAssembly.Instance(module, { env: { memory: memory(false) } });
    assertThrows(
      () => new WebAssembly.Instance(module, { env: { memory: memory(true) } }),
      WebAssembly.LinkError,
    );
    assertThrows(() => unshared(alone), RangeError, "The build shares no memory");
  }
});
