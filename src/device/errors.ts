/**
 * What can go wrong between the program and its device.
 *
 * @module
 */

/** There is no WebGPU adapter; the message says what to install. */
export class NoGpuError extends Error {
  /** Tells errors apart by name. */
  override name = "NoGpuError";
}

/** The device can't hold what was asked for; the message names the limit and the way out. */
export class DeviceLimitError extends Error {
  /** Tells errors apart by name. */
  override name = "DeviceLimitError";

  /** Goes by the name: a device can come in a bundle of its own, with a class of its own. */
  static override [Symbol.hasInstance](error: unknown): boolean {
    return error instanceof Error && error.name === "DeviceLimitError";
  }
}

/** The device went away (driver reset, sleep, unplugged) or refused a command. */
export class DeviceLostError extends Error {
  /** Tells errors apart by name. */
  override name = "DeviceLostError";
}
