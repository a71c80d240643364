/**
 * The safetensors format: an 8-byte length, a JSON header, then the tensors' bytes.
 *
 * @module
 */

import { fromBfloat16, fromFloat16, toFloat16 } from "../device/float16.ts";
import { CheckpointError } from "./errors.ts";
import { downloadKind, NOT_SAFETENSORS } from "./foreign_file.ts";
import { checkKeys } from "./header_keys.ts";

export { CheckpointError };

type Decode = (raw: ArrayBuffer) => Float32Array<ArrayBuffer>;

/** Number types that a file can be read from; in memory all are float32. */
const decoders: Record<string, { readonly bytes: number; readonly decode: Decode }> = {
  F32: { bytes: 4, decode: (raw) => new Float32Array(raw) },
  F16: { bytes: 2, decode: (raw) => fromFloat16(new Uint16Array(raw)) },
  BF16: { bytes: 2, decode: (raw) => fromBfloat16(new Uint16Array(raw)) },
  F64: { bytes: 8, decode: (raw) => new Float32Array(new Float64Array(raw)) },
};

/**
 * Bytes of the format's other number types, which files hold next to a network: counters and masks.
 */
const otherBytes: Record<string, number> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1, F8_E8M0: 1 },
  ...{ U16: 2, I16: 2, U32: 4, I32: 4, U64: 8, I64: 8, C64: 8 },
};

/** Number types that a file can be written in. */
export type Dtype = "f32" | "f16";

/** A tensor of a file. */
export interface NamedArray {
  readonly shape: readonly number[];
  /** For a file that was read, made at each use, so that its numbers are in memory once. */
  readonly data: Float32Array<ArrayBuffer>;
  /** The type of its numbers in the file that it was read from, such as "F16". */
  readonly dtype?: string;
}

/** Contents of a file. */
export interface SafeTensors {
  readonly metadata: Record<string, string>;
  readonly tensors: Map<string, NamedArray>;
  /** Types, such as "I64", of tensors that hold no floats and are not read. */
  readonly others?: ReadonlyMap<string, string>;
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

/** The limit of the format's own reader. */
const MAX_HEADER = 100 * 2 ** 20;

/** No network has tensors of more dimensions. */
const MAX_RANK = 8;

/**
 * Reads a file's floats; tensors of other types are named only. Nothing is allocated for tensors before the whole header is found to fit
 * the file.
 *
 * @throws {CheckpointError} when the file is truncated, no safetensors, holds an unknown type, or
 * its tensors overlap, leave holes or differ from their shapes
 */
export function readSafetensors(bytes: Uint8Array): SafeTensors {
  if (bytes.length < 8) {
    throw new CheckpointError(`it has ${bytes.length} bytes, too few for a safetensors header`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER || bytes[8] !== 0x7b) {
    throw new CheckpointError(
      downloadKind(bytes) ?? NOT_SAFETENSORS,
    );
  }
  if (8 + length > bytes.length) {
    throw new CheckpointError(
      `it is truncated: its header is ${length} bytes, the file has ${bytes.length}`,
    );
  }
  const header = parseHeader(bytes.subarray(8, 8 + length));
  const { __metadata__: metadata, ...rest } = header;
  const entries = Object.entries(rest).map(([name, entry]) => checkEntry(name, entry));
  checkCoverage(entries, bytes.length - 8 - length);
  const known = checkMetadata(metadata ?? {});
  const tensors = new Map<string, NamedArray>();
  const others = new Map<string, string>();
  for (const { name, dtype, shape, begin, end } of entries) {
    if (!Object.hasOwn(decoders, dtype)) {
      others.set(name, dtype);
      continue;
    }
    const start = 8 + length + begin;
    tensors.set(name, {
      shape,
      dtype,
      get data() {
        return decoders[dtype].decode(bytes.slice(start, start + end - begin).buffer);
      },
    });
  }
  return { metadata: known, tensors, others };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    checkKeys(text);
    const header: unknown = JSON.parse(text);
    if (typeof header === "object" && header !== null && !Array.isArray(header)) {
      return header as Record<string, unknown>;
    }
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    // Falls through: JSON.parse's reason means nothing to the user.
  }
  throw new CheckpointError("its header is not valid JSON");
}

function checkMetadata(metadata: unknown): Record<string, string> {
  if (
    typeof metadata !== "object" || metadata === null ||
    Object.values(metadata).some((value) => typeof value !== "string")
  ) {
    throw new CheckpointError("its metadata is not a record of strings");
  }
  return metadata as Record<string, string>;
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && value as number >= 0;

function checkEntry(name: string, entry: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const bytesEach = bytesOf(dtype);
  if (bytesEach === undefined) throw notRead(name, String(dtype));
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isCount)) {
    throw new CheckpointError(`tensor ${name} has no valid shape`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw new CheckpointError(`tensor ${name} has no valid offsets`);
  }
  const [begin, end] = offsets;
  const bytes = shape.reduce((a: number, b: number) => a * b, bytesEach);
  if (end - begin !== bytes) {
    throw new CheckpointError(
      `tensor ${name} of shape (${shape.join(", ")}) needs ${bytes} bytes, its offsets span ${
        end - begin
      }`,
    );
  }
  return { name, dtype: dtype as string, shape, begin, end };
}

function bytesOf(dtype: unknown): number | undefined {
  if (typeof dtype !== "string") return undefined;
  if (Object.hasOwn(decoders, dtype)) return decoders[dtype].bytes;
  return Object.hasOwn(otherBytes, dtype) ? otherBytes[dtype] : undefined;
}

/** The error for a needed tensor of a type that no network has. */
export function notRead(name: string, dtype: string): CheckpointError {
  const known = Object.keys(decoders).join(", ");
  return new CheckpointError(`tensor ${name} is of type ${dtype}, only ${known} can be read`);
}

function checkCoverage(entries: readonly Entry[], bytes: number): void {
  let position = 0;
  for (
    const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)
  ) {
    if (begin < position) throw new CheckpointError(`tensor ${name} overlaps the one before it`);
    if (begin > position) throw new CheckpointError(`there is a hole before tensor ${name}`);
    position = end;
  }
  if (position !== bytes) {
    throw new CheckpointError(
      bytes < position
        ? `it is truncated: its tensors need ${position} bytes, ${bytes} are there`
        : `it has ${bytes - position} bytes after the last tensor`,
    );
  }
}

/**
 * Writes a file: header padded with spaces to a multiple of 8, tensors in the order given.
 *
 * @param dtype of the numbers in the file; f16 rounds to the nearest
 */
export function writeSafetensors(
  { metadata, tensors }: SafeTensors,
  dtype: Dtype = "f32",
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const bytesEach = dtype === "f16" ? 2 : 4;
  let position = 0;
  for (const [name, { shape, data }] of tensors) {
    const end = position + data.length * bytesEach;
    header[name] = { dtype: dtype.toUpperCase(), shape, data_offsets: [position, end] };
    position = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + position).fill(0x20, 8, 8 + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  position = 8 + length;
  for (const { data } of tensors.values()) {
    const { buffer, byteOffset, byteLength } = dtype === "f16" ? toFloat16(data) : data;
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), position);
    position += byteLength;
  }
  return bytes;
}
