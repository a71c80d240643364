/**
 * The host's access to a device's memory.
 *
 * @module
 */
import { bytesOfOne, type Storage, type Tensor } from "../graph/tensor.ts";
import type { DeviceData } from "./device.ts";

/**
 * The storage of a tensor, checked for writing `data`.
 *
 * @throws {RangeError} when the tensor is pooled, too small or of another type
 */
export function writableStorage({ storage, size }: Tensor, data: DeviceData): Storage {
  if (storage === undefined) throw new RangeError("Cannot write an activation: it is pooled");
  if (data.length > size) {
    throw new RangeError(
      `Cannot write ${storage.name}: it holds ${size} numbers, got ${data.length}`,
    );
  }
  const each = bytesOfOne(storage.type);
  if (data.BYTES_PER_ELEMENT !== each) {
    throw new RangeError(`Cannot write ${storage.name}: its numbers are of ${each} bytes`);
  }
  return storage;
}

/**
 * The storage of a tensor, checked for reading.
 *
 * @throws {RangeError} when the tensor is pooled
 */
export function readableStorage({ storage }: Tensor): Storage {
  if (storage === undefined) throw new RangeError("Cannot read an activation: it is pooled");
  return storage;
}
