/** Temporary folders and picture files for tests. */
import type { ImageSet } from "../../src/data/image_set.ts";
import { writePng } from "./png_writer.ts";

/** Runs a test with a folder of its own, removed afterwards. */
export async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes a file, and the folders on its way. */
export async function write(path: string, content: string | Uint8Array): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  if (typeof content === "string") await Deno.writeTextFile(path, content);
  else await Deno.writeFile(path, content);
}

/** A 4x4 PNG of one gray value. */
export function greyPng(value: number): Promise<Uint8Array> {
  return writePng({ width: 4, height: 4, depth: 8, colourType: 0, samples: Array(16).fill(value) });
}

/** The first byte of each image of a set: its gray value, where it has only one. */
export async function greys(set: ImageSet): Promise<number[]> {
  const pixels = await set.read(Array.from({ length: set.count }, (_, i) => i));
  const stride = pixels.length / set.count;
  return Array.from({ length: set.count }, (_, i) => pixels[i * stride]);
}
