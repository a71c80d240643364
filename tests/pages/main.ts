/**
 * Sets the line numbers of links such as [`code`](file#L12) in docs/tutorial/.
 *
 *     deno task lines
 *
 * @module
 */
import { withLines } from "./lines.ts";

const folder = new URL("../../docs/tutorial/", import.meta.url);

for await (const { name } of Deno.readDir(folder)) {
  const url = new URL(name, folder);
  const page = await Deno.readTextFile(url);
  await Deno.writeTextFile(
    url,
    withLines(page, (path) => Deno.readTextFileSync(new URL(path, url))),
  );
}
