/**
 * The page's scripts in the form that browsers take: TypeScript and all that it imports, bundled and
 * minified by the Deno that runs this.
 *
 * @module
 */
import { CommandError } from "../errors.ts";

/** The page's source. */
const source = new URL("../../page/", import.meta.url);

/** Files of the page that are taken as they are, by name. */
const PLAIN = { "index.html": "/", "page.css": "/page.css" };

/** Scripts by the path that they are asked for by. */
const SCRIPTS = { "/page.js": "main.ts", "/worker.js": "worker.ts" };

/**
 * Makes the texts of the page's files by path.
 *
 * @throws {CommandError} when this program may not read its source, or start Deno
 */
export async function bundlePage(): Promise<Record<string, string>> {
  const plain = Object.entries(PLAIN).map(async ([name, path]) =>
    [path, await Deno.readTextFile(new URL(name, source))] as const
  );
  const scripts = Object.entries(SCRIPTS).map(async ([path, name]) =>
    [path, await bundle(new URL(name, source).href)] as const
  );
  try {
    return Object.fromEntries(await Promise.all([...plain, ...scripts]));
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotCapable)) throw thrown;
    throw new CommandError(
      `The page is made from its source, which takes Deno's permission to read it and to run ` +
        `deno (--allow-read --allow-run=deno); the packed program has it made already`,
    );
  }
}

async function bundle(entry: string): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "--minify", entry],
    // Deno looks for the configuration from there.
    cwd: source,
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  const [code, failure] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (success) return code;
  throw new CommandError(`Cannot bundle the page: ${failure.trim().split("\n").at(-1)}`);
}
