/**
 * Looks for turns of phrase that no reader should meet, in all texts and sources of the project.
 *
 *     deno task words
 *
 * Prints each place and what to write instead. Exits with 1 if there is any.
 *
 * @module
 */
import { findPhrases } from "./phrases.ts";

const root = new URL("../../", import.meta.url);

/** Folders without prose of ours. */
const SKIPPED = /^(\.git|\.rin|node_modules|runs|dist|site|images|fixtures|golden|results|words)$/;

/** The paths of the project's texts and sources. */
async function* texts(folder = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(`./${folder}`, root))) {
    if (SKIPPED.test(name)) continue;
    if (isDirectory) yield* texts(`${folder}${name}/`);
    else if (/\.(ts|js|md|html|css|yml)$|^run$/.test(name)) yield folder + name;
  }
}

let count = 0;
for await (const path of texts()) {
  for (const finding of findPhrases(await Deno.readTextFile(new URL(path, root)))) {
    count++;
    console.error(`${path}:${finding.line}: "${finding.found}": ${finding.instead}`);
  }
}
if (count > 0) Deno.exit(1);
