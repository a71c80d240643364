/**
 * Which version of `rin` this is.
 *
 * @module
 */
import meta from "../deno.json" with { type: "json" };

/** `rin 0.1.0 (4fe064c, Deno 2.9.6)`. */
export async function versionLine(): Promise<string> {
  // The packer sets this: a packed program has no repository at run time.
  const { RIN_COMMIT: packed } = globalThis as { RIN_COMMIT?: string };
  const commit = packed ?? await sourceCommit();
  return `rin ${meta.version} (${commit ? `${commit}, ` : ""}Deno ${Deno.version.deno})`;
}

/** The commit of the source, `-dirty` where it was changed since; none without git or repository. */
export async function sourceCommit(): Promise<string | undefined> {
  const folder = import.meta.dirname;
  // The repository could be that of a project which has this one among its dependencies.
  if (folder === undefined || await git(folder, "rev-parse", "--show-prefix") !== "cli/") return;
  return await git(folder, "describe", "--always", "--dirty", "--exclude=*");
}

async function git(folder: string, ...args: string[]): Promise<string | undefined> {
  try {
    const command = new Deno.Command("git", { args: ["-C", folder, ...args], stdin: "null" });
    const { success, stdout } = await command.output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined; // no git, or no permission to start it
  }
}
