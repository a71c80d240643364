/**
 * The page that a command can overwrite: an earlier page of the same network.
 *
 * @module
 */
import { type Origin, refuseOverwrite } from "../files/overwrite.ts";
import type { Value } from "../options/options.ts";

/**
 * Refuses to write over files of something else.
 *
 * @param names the page's files
 * @param model the network's name for people
 * @throws {CommandError} when there are such files, and `force` is not given
 */
export async function refusePage(
  folder: string,
  force: Value | undefined,
  names: readonly string[],
  model: string,
): Promise<void> {
  const origin = await originOf(folder, model);
  for (const name of names) {
    await refuseOverwrite(`${folder}/${name}`, force, async (path) => {
      // The user's own page can have replaced the generated one.
      return name !== "index.html" || await isOurs(path) ? origin : "foreign";
    });
  }
}

async function originOf(folder: string, model: string): Promise<Origin> {
  try {
    const found = JSON.parse(await Deno.readTextFile(`${folder}/model.json`));
    if (typeof found.checkpoint?.sha256 !== "string") return "foreign";
    return found.name === model ? "same" : "other";
  } catch {
    return "foreign"; // none, or not one of a page
  }
}

async function isOurs(path: string): Promise<boolean> {
  const text = await Deno.readTextFile(path);
  return text.includes("page.js") && text.includes('id="facts"');
}
