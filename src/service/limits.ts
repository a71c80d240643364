/**
 * How much the service does at a time, and for one request.
 *
 * @module
 */
import { timersStay } from "../device/timers.ts";
import { checkNames } from "../options/schema.ts";

/** Limits; each has a default. */
export interface ServiceLimits {
  /** Images made at a time, of one request or of several. Default 32. */
  readonly batch: number;
  /**
   * How long an idle service waits for further requests of the same batch, ms. Default 10; 0 where
   * timers end with the request that set them (Cloudflare).
   */
  readonly wait: number;
  /** Images that can wait, and the most that one request can ask for. Default 256. */
  readonly queue: number;
  /** Images times steps of one request (twice that with guidance). Default 32,000. */
  readonly work: number;
  /** Length of a request's body, its pictures included, bytes. Default 8,388,608. */
  readonly body: number;
  /** Time for a request's body to arrive, ms. Default 30,000. */
  readonly bodyTime: number;
  /**
   * Pixels of a picture in a request, and of one in an answer, all images of a grid and all frames
   * together. Decoding takes several bytes for each. Default 16,777,216.
   */
  readonly pixels: number;
}

const DEFAULTS: ServiceLimits = {
  batch: 32,
  wait: timersStay ? 10 : 0,
  queue: 256,
  work: 32_000,
  body: 8_388_608,
  bodyTime: 30_000,
  pixels: 16_777_216,
};

/** @throws {RangeError} when a limit is unknown or makes no sense */
export function completeLimits(given: Partial<ServiceLimits> = {}): ServiceLimits {
  checkNames(given, Object.keys(DEFAULTS), "service limit");
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  const limits: ServiceLimits = { ...DEFAULTS, ...Object.fromEntries(known) };
  for (const [name, value] of Object.entries(limits)) {
    const low = name === "wait" ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < low) {
      throw new RangeError(`limits.${name} is ${value}: expected a whole number from ${low} on`);
    }
  }
  return limits;
}
