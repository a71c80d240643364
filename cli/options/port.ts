/**
 * The port of a page that is served.
 *
 * @module
 */
import { UsageError } from "../errors.ts";
import type { Given, Option, Value } from "./options.ts";

/** The port of a page that is served. */
export const PORT: Option = {
  key: "port",
  type: "integer",
  help: "port of the page (default: 7460, or any that is free)",
};

/**
 * The requested port.
 *
 * @param needed the flag without which a port means nothing
 * @throws {UsageError} when that flag is missing, or there can be no such port
 */
export function portOf({ port, ...flags }: Given["flags"], needed: string): number | undefined {
  if (port === undefined) return undefined;
  if (flags[needed] !== true) {
    throw new UsageError(`--port is for a page that is served: add --${needed}`);
  }
  return checkPort(port);
}

/** @throws {UsageError} when there can be no such port */
export function checkPort(port: Value): number {
  if (Number(port) >= 1 && Number(port) <= 65535) return Number(port);
  throw new UsageError(`--port is ${port}: expected a number from 1 to 65535`);
}
