/**
 * Keeps Mesa from writing to the terminal of whoever asks for a GPU.
 *
 * @module
 */

/** What of Deno it takes; elsewhere there is none. */
interface Host {
  readonly build: { readonly os: string };
  readonly permissions: {
    querySync(asked: { name: "env"; variable: string }): { readonly state: string };
  };
  readonly env: { get(name: string): string | undefined; set(name: string, value: string): void };
}

/**
 * Gives Mesa the folder without which it complains on stderr, twice; any will do. Where Deno may not
 * set variables it stays as it is: nobody is asked.
 */
export function quietMesa(): void {
  const { Deno: host } = globalThis as { Deno?: Host };
  if (host?.build?.os !== "linux") return;
  const may = (variable: string) =>
    host.permissions.querySync({ name: "env", variable }).state === "granted";
  if (!may("XDG_RUNTIME_DIR") || host.env.get("XDG_RUNTIME_DIR")) return;
  host.env.set("XDG_RUNTIME_DIR", (may("TMPDIR") && host.env.get("TMPDIR")) || "/tmp");
}
