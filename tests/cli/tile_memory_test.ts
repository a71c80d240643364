// What the CLI remembers of GPUs between its runs.

import { assertEquals } from "@std/assert";
import { tileMemory } from "../../cli/options/tile_memory.ts";

Deno.test("tileMemory() keeps a text for each adapter, in a folder that it makes", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const memory = tileMemory(() => `${folder}/cache`);
    assertEquals(await memory.recall("NVIDIA H200"), undefined);
    await memory.keep("NVIDIA H200", "first");
    await memory.keep("NVIDIA H200", "second");
    await memory.keep("Apple M4 / Metal", "other");
    const again = tileMemory(() => `${folder}/cache`);
    assertEquals(await again.recall("NVIDIA H200"), "second");
    assertEquals(await again.recall("Apple M4 / Metal"), "other");
    const names = [...Deno.readDirSync(`${folder}/cache/tiles`)].map(({ name }) => name).sort();
    assertEquals(names, ["apple-m4-metal.json", "nvidia-h200.json"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("tileMemory() remembers nothing without a folder", async () => {
  const file = await Deno.makeTempFile();
  const nowhere = () => {
    throw new Error("there is no cache folder");
  };
  try {
    for (const memory of [tileMemory(() => `${file}/cache`), tileMemory(nowhere)]) {
      await memory.keep("adapter", "text");
      assertEquals(await memory.recall("adapter"), undefined);
    }
  } finally {
    await Deno.remove(file);
  }
});
