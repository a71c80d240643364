/**
 * The page's scripts in the form that browsers take: TypeScript and all that it imports, bundled and
 * minified by the Deno that runs this.
 *
 * @module
 */
import { CommandError } from "../errors.ts";

/** The page's source. */
const source = new URL("../../page/", import.meta.url);

/** Files of the page that are copied unchanged, by name. */
const PLAIN = { "index.html": "/", "page.css": "/page.css" };

/** Scripts by their request path. */
const SCRIPTS = { "/page.js": "main.ts", "/worker.js": "worker.ts", "/cpu.js": "cpu.ts" };

/**
 * Makes the texts of the page's files by path.
 *
 * @throws {CommandError} when Deno doesn't allow this program to read its source, or to start Deno
 */
export async function bundlePage(): Promise<Record<string, string>> {
  const deno = await permittedDeno();
  const plain = Object.entries(PLAIN).map(async ([name, path]) =>
    [path, await Deno.readTextFile(new URL(name, source))] as const
  );
  const scripts = Object.entries(SCRIPTS).map(async ([path, name]) =>
    [path, await bundle(deno, new URL(name, source).href)] as const
  );
  return Object.fromEntries(await Promise.all([...plain, ...scripts]));
}

/**
 * Returns the Deno that this program can run. Checks permissions first, so Deno never prompts.
 *
 * @throws {CommandError} when there is none, or Deno doesn't allow reading the source
 */
async function permittedDeno(): Promise<string> {
  const granted = async (descriptor: Deno.PermissionDescriptor) =>
    (await Deno.permissions.query(descriptor)).state === "granted";
  if (await granted({ name: "read", path: source })) {
    // The very one that this runs in, or, as --allow-run=deno has it, the one of that name.
    for (const command of [Deno.execPath(), "deno"]) {
      if (await granted({ name: "run", command })) return command;
    }
  }
  throw new CommandError(
    "rin makes the page from its source, which needs Deno's permission to read it and to run " +
      "deno (--allow-read --allow-run=deno); the packed program contains the page",
  );
}

async function bundle(deno: string, entry: string): Promise<string> {
  const command = new Deno.Command(deno, {
    args: ["bundle", "--quiet", "--platform", "browser", "--minify", entry],
    // Deno looks for the configuration from there.
    cwd: source,
    env: { NO_COLOR: "1", RUST_BACKTRACE: "0" },
    stdin: "null",
  });
  const { success, stdout, stderr } = await command.output();
  const [code, failure] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (success) return code;
  throw new CommandError(`Cannot bundle the page: ${bundlingFailure(failure)}`);
}

/**
 * Sums up a failed bundling in one sentence: Deno's error and the innermost cause, without the
 * backtrace that some environments ask for.
 */
export function bundlingFailure(output: string): string {
  const lines = output.split(/\n\s*Stack backtrace:/)[0].split("\n").map((line) => line.trim());
  const text = lines.filter((line) => line !== "" && line !== "Caused by:");
  const begin = Math.max(0, text.findIndex((line) => /^error\b/i.test(line)));
  const error = (text[begin] ?? "Deno did not say why").replace(/^error:\s*/i, "");
  const cause = output.includes("Caused by:") ? text.at(-1)!.replace(/^\d+:\s*/, "") : undefined;
  const sentence = cause === undefined || cause === text[begin] ? error : `${error} (${cause})`;
  const isOffline = /loading|fetch|download|sending request|dns|connect/i.test(sentence);
  return isOffline
    ? `${sentence}; Deno fetches its bundler once: try again with a network, or use the packed program`
    : sentence;
}
