/**
 * The devices of a run: one that the caller has, or those that the run asks for.
 *
 * @module
 */
import type { Gpu } from "../gpu/device.ts";

/** Asks for a device, such as `requestGpu`. */
export type DeviceRequest = () => Promise<Gpu>;

/** The first device, and the way to another when that is lost. */
export interface Devices {
  readonly first: Gpu;
  /** Absent where there is none but the caller's. */
  readonly request?: DeviceRequest;
  /** Ends the use of a device. */
  readonly giveBack: (device: Gpu) => void;
}

/**
 * Asks for the first device where the caller has none.
 *
 * @throws {NoGpuError} when there is none
 */
export async function openDevices(given: Gpu | DeviceRequest): Promise<Devices> {
  if (typeof given !== "function") return { first: given, giveBack: () => {} };
  return { first: await given(), request: given, giveBack: (device) => device.destroy() };
}

/** What a device is, in a few words. */
export function deviceName({ info, kind }: Gpu): string {
  return info.description || info.device || kind;
}
