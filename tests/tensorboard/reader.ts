// A reader of event files, after the format's description and not after our writer.

/** CRC-32C bit by bit, as the polynomial division that it is. */
export function crcReference(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const odd = ((crc >>> 0) ^ (byte >> bit)) & 1;
      crc = (crc >>> 1) ^ (odd ? 0x82f63b78 : 0);
    }
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function unmask(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated << 15) | (rotated >>> 17)) >>> 0;
}

/** The messages in a file, up to a record that is incomplete. */
export function records(file: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 0; at + 12 <= file.length;) {
    const length = Number(view.getBigUint64(at, true));
    if (unmask(view.getUint32(at + 8, true)) !== crcReference(file.subarray(at, at + 8))) {
      throw new Error(`length of the record at ${at}: wrong checksum`);
    }
    const end = at + 12 + length;
    if (end + 4 > file.length) break;
    const data = file.subarray(at + 12, end);
    if (unmask(view.getUint32(end, true)) !== crcReference(data)) {
      throw new Error(`data of the record at ${at}: wrong checksum`);
    }
    out.push(data);
    at = end + 4;
  }
  return out;
}

/** Fields of a message by number, in their order. */
function fields(message: Uint8Array): Map<number, (number | Uint8Array)[]> {
  const out = new Map<number, (number | Uint8Array)[]>();
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = view.getUint8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(value);
    }
  };
  while (at < message.length) {
    const key = varint(), type = key % 8;
    let value: number | Uint8Array;
    if (type === 0) value = varint();
    else if (type === 1) value = view.getFloat64((at += 8) - 8, true);
    else if (type === 5) value = view.getFloat32((at += 4) - 4, true);
    else if (type === 2) {
      const length = varint();
      if (at + length > message.length) throw new Error("a field is longer than its message");
      value = message.subarray(at, at += length);
    } else throw new Error(`wire type ${type}`);
    out.set(Math.floor(key / 8), [...out.get(Math.floor(key / 8)) ?? [], value]);
  }
  return out;
}

/** An event, as much of it as we write. */
export interface ReadEvent {
  wallTime: number;
  step?: number;
  version?: string;
  sessionStart?: boolean;
  scalars?: Record<string, number>;
  images?: Record<string, { width: number; height: number; colours: number; png: Uint8Array }>;
}

/** The events of a file. */
export function events(file: Uint8Array): ReadEvent[] {
  const word = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);
  return records(file).map((record) => {
    const event = fields(record);
    const read: ReadEvent = { wallTime: event.get(1)![0] as number };
    if (event.has(2)) read.step = event.get(2)![0] as number;
    if (event.has(3)) read.version = word(event.get(3)![0]);
    if (event.has(7)) read.sessionStart = fields(event.get(7)![0] as Uint8Array).get(1)![0] === 1;
    for (const summary of event.get(5) ?? []) {
      for (const bytes of fields(summary as Uint8Array).get(1) ?? []) {
        const value = fields(bytes as Uint8Array), tag = word(value.get(1)![0]);
        if (value.has(2)) (read.scalars ??= {})[tag] = value.get(2)![0] as number;
        if (value.has(4)) {
          const image = fields(value.get(4)![0] as Uint8Array);
          const [height, width, colours, png] = [1, 2, 3, 4].map((field) => image.get(field)![0]);
          (read.images ??= {})[tag] = { height, width, colours, png } as never;
        }
      }
    }
    return read;
  });
}

/** What TensorBoard shows of files read in this order: a session's start supersedes its steps. */
export function shown(files: readonly Uint8Array[], tag: string): [step: number, value: number][] {
  let points: [number, number][] = [];
  for (const { step, sessionStart, scalars } of files.flatMap(events)) {
    if (sessionStart) points = points.filter(([at]) => at < step!);
    if (scalars && tag in scalars) points.push([step!, scalars[tag]]);
  }
  return points;
}
