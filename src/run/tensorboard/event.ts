/**
 * Records of TensorBoard's event files: TFRecord frames around `tensorflow.Event` messages
 * (tensorflow/core/util/event.proto and framework/summary.proto; the field numbers are theirs).
 *
 * @module
 */
import { pngSize } from "../../picture/pictures.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { type Bytes, bytes, concat, double, float, integer, message, text } from "./protobuf.ts";

/** When something happened. */
export interface Moment {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
}

/** The first record of a file. From this version on readers heed {@linkcode sessionStart}. */
export function fileVersion(wallTime: number): Bytes {
  return frame([double(1, wallTime), text(3, "brain.Event:2")]);
}

/**
 * The start of a run, or its resumption: readers drop events of `step` and of later ones from
 * earlier files of the same folder.
 */
export function sessionStart({ wallTime, step }: Moment): Bytes {
  const START = 1;
  return frame([double(1, wallTime), integer(2, step), message(7, [integer(1, START)])]);
}

/** Values of a step, each with its tag. */
export function scalars(at: Moment, values: readonly (readonly [tag: string, number])[]): Bytes {
  return summary(at, values.map(([tag, value]) => [text(1, tag), float(2, value)]));
}

/** A picture of a step. */
export function image(at: Moment, tag: string, png: Uint8Array): Bytes {
  const { width, height, channels } = pngSize(png);
  const fields = [integer(1, height), integer(2, width), integer(3, channels), bytes(4, png)];
  return summary(at, [[text(1, tag), message(4, fields)]]);
}

function summary({ wallTime, step }: Moment, values: readonly Uint8Array[][]): Bytes {
  const fields = values.map((value) => message(1, value));
  return frame([double(1, wallTime), integer(2, step), message(5, fields)]);
}

/** Length, its checksum, the message, its checksum; all little-endian. */
function frame(fields: readonly Uint8Array[]): Bytes {
  const event = concat(fields);
  const head = new DataView(new ArrayBuffer(12));
  head.setBigUint64(0, BigInt(event.length), true);
  head.setUint32(8, maskedCrc32c(new Uint8Array(head.buffer, 0, 8)), true);
  const tail = new DataView(new ArrayBuffer(4));
  tail.setUint32(0, maskedCrc32c(event), true);
  return concat([new Uint8Array(head.buffer), event, new Uint8Array(tail.buffer)]);
}
