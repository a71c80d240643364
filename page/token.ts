/// <reference lib="dom" />
/**
 * The bearer token of a server that asks for one, kept as long as the tab is open.
 *
 * @module
 */
const KEY = "rin token";

/** Headers of a request to the server. */
export function authorization(): Record<string, string> {
  const token = sessionStorage.getItem(KEY);
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** Asks the visitor for the token, and starts again with it. */
export function askForToken(): void {
  const token = prompt("The token that this server asks for:")?.trim();
  if (!token) return;
  sessionStorage.setItem(KEY, token);
  location.reload();
}
