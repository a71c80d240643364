/**
 * Why there is no CPU device.
 *
 * @module
 */

/**
 * Why there is no CPU device: the runtime has no WebAssembly SIMD ("simd"), it compiles no bytes
 * ("compile"), or the module that was given is no build that can run here ("module").
 */
export type NoCpuReason = "simd" | "compile" | "module";

/** No CPU device is available; the message says why, and what to do. */
export class NoCpuError extends Error {
  /** Tells errors apart by name. */
  override name = "NoCpuError";

  /** With a message that says why, and what to do. */
  constructor(
    message: string,
    /** The same for programs. */
    readonly reason: NoCpuReason,
  ) {
    super(message);
  }
}
