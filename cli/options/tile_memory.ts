/**
 * Keeps the tiles of matrix products that this machine's GPUs compute fastest.
 *
 * @module
 */
import { cacheFolder, makeCache } from "../../src/data/cache_folder.ts";
import type { TileMemory } from "../../src/device/webgpu/tuner.ts";
import { writeFile } from "../../src/files/write_file.ts";

/** A memory in the cache folder, of a file an adapter. Without a folder it remembers nothing. */
export function tileMemory(folder: () => string = cacheFolder): TileMemory {
  const pathOf = (adapter: string) =>
    `${folder()}/tiles/${adapter.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.json`;
  return {
    async recall(adapter) {
      try {
        return await Deno.readTextFile(pathOf(adapter));
      } catch {
        return undefined;
      }
    },
    async keep(adapter, tiles) {
      try {
        await makeCache(folder());
        await Deno.mkdir(`${folder()}/tiles`, { recursive: true });
        await writeFile(pathOf(adapter), tiles);
      } catch {
        // The next program measures anew.
      }
    },
  };
}
