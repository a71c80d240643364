/**
 * The CPU device: a script of its own, which the worker fetches only where no GPU draws.
 *
 * @module
 */
export { requestCpu } from "../src/device/cpu/request.ts";
