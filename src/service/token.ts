/**
 * The bearer token that requests can need.
 *
 * @module
 */
import { HttpError } from "./answers.ts";

/**
 * A check that takes as long for a token that is nearly right as for any other: hashes are compared,
 * and all of them.
 */
export function tokenCheck(token: string): (request: Request) => Promise<void> {
  const wanted = digest(token);
  return async ({ headers }) => {
    const given = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    const [a, b] = await Promise.all([wanted, digest(given ?? "")]);
    const difference = a.reduce((sum, byte, i) => sum | byte ^ b[i], 0);
    if (given !== undefined && difference === 0) return;
    throw new HttpError(
      401,
      given === undefined
        ? "A token is needed: send the header Authorization: Bearer TOKEN"
        : "The token is wrong",
      { "www-authenticate": "Bearer" },
    );
  };
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
