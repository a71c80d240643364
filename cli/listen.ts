/**
 * Serving to this machine alone, or to others.
 *
 * @module
 */
import { CommandError } from "./errors.ts";

/** Addresses that only this machine reaches. */
export const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

/** Names of this machine for itself: a page from elsewhere that has them resolved here is refused. */
export const OWN_NAMES: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Listens.
 *
 * @param port the one to use; without it the usual one, or any that is free
 * @throws {CommandError} when the port is in use, or there is no such address
 */
export function listen(
  { hostname = "127.0.0.1", port, usual, signal }: {
    readonly hostname?: string;
    readonly port: number | undefined;
    readonly usual: number;
    readonly signal?: AbortSignal;
  },
  answer: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  const at = (port: number) => Deno.serve({ hostname, port, signal, onListen: () => {} }, answer);
  try {
    return at(port ?? usual);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse) {
      if (port === undefined) return at(0);
      throw new CommandError(
        `Cannot serve on port ${port}: another program uses it; give another --port, or none`,
      );
    }
    if (thrown instanceof Deno.errors.NotCapable) {
      const asked = `${hostname}:${port ?? usual}`;
      throw new CommandError(
        `Cannot serve on ${asked}: Deno was not allowed to; add --allow-net=${asked}`,
      );
    }
    if (thrown instanceof Deno.errors.PermissionDenied) {
      throw new CommandError(
        `Cannot serve on port ${port ?? usual}: the system does not allow it; use one from 1024 on`,
      );
    }
    throw new CommandError(
      `Cannot serve on ${hostname}: ${(thrown as Error).message}; give an address of this machine`,
    );
  }
}
