/**
 * Serving to this machine alone, or to others.
 *
 * @module
 */
import { CommandError } from "./errors.ts";
import { printError } from "./terminal/terminal.ts";

/** Addresses that only this machine reaches. */
const LOOPBACK = ["127.0.0.1", "localhost", "::1"];

/** Names of this machine for itself: a page from elsewhere that has them resolved here is refused. */
export const OWN_NAMES: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** Addresses for all of a machine's addresses. */
const ALL = ["0.0.0.0", "::"];

/** Whether only this machine reaches an address. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.includes(hostname);
}

/**
 * The addresses at which a server is reached, the first from this machine, as a browser takes them.
 *
 * @param hostname the name that it listens at
 * @param interfaces the machine's addresses
 */
export function reachedAt(
  hostname: string,
  port: number,
  interfaces: readonly Pick<Deno.NetworkInterfaceInfo, "address" | "family">[] =
    networkInterfaces(),
): string[] {
  const urlOf = (host: string) => `http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
  if (!ALL.includes(hostname)) return [urlOf(hostname === "127.0.0.1" ? "localhost" : hostname)];
  const others = interfaces
    .filter(({ address, family }) =>
      !/^(127\.|::1$|fe80:)/.test(address) && (hostname === "::" || family === "IPv4")
    )
    .map(({ address }) => urlOf(address));
  return [urlOf("localhost"), ...new Set(others)];
}

/** None where Deno was not allowed to ask. */
function networkInterfaces(): Deno.NetworkInterfaceInfo[] {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "networkInterfaces" });
  return state === "granted" ? Deno.networkInterfaces() : [];
}

/**
 * Listens.
 *
 * @param port the one to use; without it the usual one, or any that is free, which is said: whoever
 * asks at the usual one then reaches another program
 * @throws {CommandError} when the port is in use, or there is no such address
 */
export function listen(
  { hostname = "127.0.0.1", port, usual, signal }: {
    readonly hostname?: string;
    readonly port: number | undefined;
    readonly usual: number;
    readonly signal?: AbortSignal;
  },
  answer: (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  const at = (port: number) => Deno.serve({ hostname, port, signal, onListen: () => {} }, answer);
  try {
    return at(port ?? usual);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse) {
      if (port === undefined) {
        const server = at(0);
        printError(
          `rin: port ${usual} is taken by another program, so this is on ${server.addr.port}`,
        );
        return server;
      }
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
