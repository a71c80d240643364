/**
 * The page's files, for a server or a folder.
 *
 * @module
 */
import type { Assets } from "../../src/service/assets.ts";
import { bundlePage } from "./bundle.ts";

const TYPES: Record<string, string> = {
  "/": "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};

/**
 * The page's files by path: `/`, `/page.css`, `/page.js`, `/worker.js` and `/cpu.js`.
 *
 * @throws {CommandError} when they can't be made
 */
export async function pageAssets(): Promise<Assets> {
  // A packed program carries them: it has no source at run time.
  const { RIN_PAGE: packed } = globalThis as { RIN_PAGE?: Record<string, string> };
  const texts = packed ?? await bundlePage();
  return new Map(
    Object.entries(texts).map(([path, body]) => {
      const type = TYPES[path] ?? TYPES[path.slice(path.lastIndexOf(".") + 1)];
      return [path, { body, type }];
    }),
  );
}
