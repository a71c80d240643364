/**
 * The program in one module: all that it imports, the commit that it was made from, and the page,
 * ready to be served.
 *
 * @module
 */
import { bundlePage } from "../cli/page/bundle.ts";
import { sourceCommit } from "../cli/version.ts";
import { deno } from "./deno.ts";

/**
 * Writes the module.
 *
 * @throws {Error} when it can't be made
 */
export async function writeProgram(path: string): Promise<void> {
  const failure = await deno(
    ...["bundle", "--quiet", "--platform", "deno", "--minify", "--output", path],
    "cli/main.ts",
  );
  if (failure) throw new Error(`Cannot bundle the program: ${failure}`);
  const values = { RIN_COMMIT: await sourceCommit() ?? "", RIN_PAGE: await bundlePage() };
  const made = Object.entries(values)
    .map(([name, value]) => `globalThis.${name}=${JSON.stringify(value)};`);
  await Deno.writeTextFile(path, made.join("") + await Deno.readTextFile(path));
}
