/**
 * The devices of a run: one that the caller has, or those that the run asks for.
 *
 * @module
 */
import type { Device } from "../device/device.ts";

/** Asks for a device, such as `requestDevice`. */
export type DeviceRequest = () => Promise<Device>;

/** The first device, and the way to another when that is lost. */
export interface Devices {
  readonly first: Device;
  /** Absent where the caller gave a device. */
  readonly request?: DeviceRequest;
  /** Ends the use of a device. */
  readonly giveBack: (device: Device) => void;
}

/**
 * Asks for the first device where the caller has none.
 *
 * @throws {NoGpuError} when a GPU is requested and there is none
 */
export async function openDevices(given: Device | DeviceRequest): Promise<Devices> {
  if (typeof given !== "function") return { first: given, giveBack: () => {} };
  return { first: await given(), request: given, giveBack: (device) => device.destroy() };
}
