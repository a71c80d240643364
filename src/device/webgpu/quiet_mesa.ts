/**
 * Keeps Mesa from writing to the terminal of whoever asks for a GPU.
 *
 * @module
 */

/** The parts of Deno that this needs; other runtimes have none. */
interface Host {
  readonly build: { readonly os: string };
  readonly permissions: {
    querySync(asked: { name: "env"; variable: string }): { readonly state: string };
  };
  readonly env: { get(name: string): string | undefined; set(name: string, value: string): void };
}

/**
 * Sets a folder for Mesa, which complains on stderr twice without one; any will do. Where Deno
 * doesn't allow setting variables, nothing changes: this never prompts.
 */
export function quietMesa(): void {
  const { Deno: host } = globalThis as { Deno?: Host };
  if (host?.build?.os !== "linux") return;
  const may = (variable: string) =>
    host.permissions.querySync({ name: "env", variable }).state === "granted";
  if (!may("XDG_RUNTIME_DIR") || host.env.get("XDG_RUNTIME_DIR")) return;
  host.env.set("XDG_RUNTIME_DIR", (may("TMPDIR") && host.env.get("TMPDIR")) || "/tmp");
}
