// What the entries of the package are made of.

import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";

const home = new URL("../../", import.meta.url);

/** The folder of the project, with a slash at its end. */
export const root = fileURLToPath(home);

/** What a Deno command prints, run at the root; it must end well. */
export async function deno(args: readonly string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd: root });
  const { success, stdout, stderr } = await command.output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(success, `deno ${args.join(" ")}:\n${out}\n${error}`);
  return out;
}

/** Paths, from the root, of all modules that one needs when it runs. */
export async function modulesOf(entry: string): Promise<string[]> {
  const graph: {
    modules: {
      specifier: string;
      dependencies?: { code?: { specifier: string } }[];
    }[];
  } = JSON.parse(await deno(["info", "--json", entry]));
  const known = new Map(graph.modules.map((module) => [module.specifier, module]));
  const found = new Set<string>();
  const visit = (specifier: string) => {
    if (found.has(specifier)) return;
    found.add(specifier);
    for (const { code } of known.get(specifier)?.dependencies ?? []) {
      if (code) visit(code.specifier);
    }
  };
  visit(new URL(entry, home).href);
  return [...found].map((specifier) => decodeURIComponent(specifier.replace(home.href, "")));
}
