/**
 * The part of protocol buffers' wire format that TensorBoard's messages need. Each function returns
 * one field: its number and wire type, then its value.
 *
 * @module
 */

/** A field, or several in a row. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Wire types. */
const VARINT = 0, SIXTY_FOUR_BITS = 1, WITH_LENGTH = 2, THIRTY_TWO_BITS = 5;

/** An int64, uint64 or enum: a whole number from 0 to 2^53 - 1. */
export function integer(field: number, value: number): Bytes {
  return Uint8Array.from([...key(field, VARINT), ...varint(value)]);
}

/** A `double`. */
export function double(field: number, value: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return Uint8Array.from([...key(field, SIXTY_FOUR_BITS), ...bytes]);
}

/** A `float`. */
export function float(field: number, value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return Uint8Array.from([...key(field, THIRTY_TWO_BITS), ...bytes]);
}

/** A `string`. */
export function text(field: number, value: string): Bytes {
  return bytes(field, new TextEncoder().encode(value));
}

/** A `bytes`. */
export function bytes(field: number, value: Uint8Array): Bytes {
  const head = [...key(field, WITH_LENGTH), ...varint(value.length)];
  return concat([Uint8Array.from(head), value]);
}

/** A message in a message, from its fields. */
export function message(field: number, fields: readonly Uint8Array[]): Bytes {
  return bytes(field, concat(fields));
}

/** Joins fields, which make up a message. */
export function concat(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function key(field: number, wireType: number): number[] {
  return varint(field * 8 + wireType);
}

/** Seven bits a byte, the lowest first; all but the last have the eighth bit set. */
function varint(value: number): number[] {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push(value % 128 + 128);
  return [...out, value];
}
