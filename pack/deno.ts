/**
 * The Deno that runs this, as a command in the project's folder.
 *
 * @module
 */

/** Runs it, and gives what went wrong, if something did. */
export async function deno(...args: string[]): Promise<string | undefined> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd: `${import.meta.dirname}/..`,
    env: { NO_COLOR: "1", RUST_BACKTRACE: "0" },
    stdin: "null",
  });
  const { success, stderr } = await command.output();
  return success ? undefined : new TextDecoder().decode(stderr).trim();
}
