/**
 * Errors between the program and its device.
 *
 * @module
 */

/**
 * Why there is no GPU: the runtime has no WebGPU; it is a page without HTTPS, which browsers keep it
 * from; WebGPU found no adapter; only one in software; or the adapter gave no device.
 */
export type NoGpuReason = "runtime" | "insecure" | "adapter" | "software" | "device";

/** No GPU is available; the message says why, and what to do. */
export class NoGpuError extends Error {
  /** Tells errors apart by name. */
  override name = "NoGpuError";

  /** With a message that says why, and what to do. */
  constructor(
    message: string,
    /** The same for programs. */
    readonly reason: NoGpuReason = "adapter",
  ) {
    super(message);
  }
}

/** The request exceeds a limit of the device; the message names the limit and the way out. */
export class DeviceLimitError extends Error {
  /** Tells errors apart by name. */
  override name = "DeviceLimitError";

  /** Goes by the name: a device can come in a bundle of its own, with a class of its own. */
  static override [Symbol.hasInstance](error: unknown): boolean {
    return error instanceof Error && error.name === "DeviceLimitError";
  }
}

/** What to do where a device's limit is exceeded. */
export const SMALLER =
  "use a smaller --batch-size, more --accumulate in training, or a smaller model";

/** The device went away (driver reset, sleep, unplugged) or refused a command. */
export class DeviceLostError extends Error {
  /** Tells errors apart by name. */
  override name = "DeviceLostError";
}
