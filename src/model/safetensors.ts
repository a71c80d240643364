/**
 * The safetensors format: an 8-byte length, a JSON header, then the tensors' bytes.
 *
 * @module
 */

/** A file that is no usable checkpoint; the message says what is wrong with it. */
export class CheckpointError extends Error {
  /** Tells errors apart by name. */
  override name = "CheckpointError";
}

/** A float32 tensor of a file. */
export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/** What a file holds. */
export interface SafeTensors {
  readonly metadata: Record<string, string>;
  readonly tensors: Map<string, NamedArray>;
}

interface Entry {
  readonly name: string;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

const MAX_HEADER = 100 * 2 ** 20;

/**
 * Reads a file whose tensors are all F32.
 *
 * @throws {CheckpointError} when the file is truncated, no safetensors, holds another type, or its
 * tensors overlap, leave holes or differ from their shapes
 */
export function readSafetensors(bytes: Uint8Array): SafeTensors {
  if (bytes.length < 8) {
    throw new CheckpointError(`it has ${bytes.length} bytes, too few for a safetensors header`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER || bytes[8] !== 0x7b) {
    throw new CheckpointError("it does not begin as a safetensors file does");
  }
  if (8 + length > bytes.length) {
    throw new CheckpointError(
      `it is truncated: its header is ${length} bytes, the file has ${bytes.length}`,
    );
  }
  const header = parseHeader(bytes.subarray(8, 8 + length));
  const { __metadata__: metadata = {}, ...rest } = header;
  const entries = Object.entries(rest).map(([name, entry]) => checkEntry(name, entry));
  checkCoverage(entries, bytes.length - 8 - length);
  const tensors = new Map<string, NamedArray>();
  for (const { name, shape, begin, end } of entries) {
    const start = 8 + length + begin;
    const data = new Float32Array(bytes.slice(start, start + end - begin).buffer);
    tensors.set(name, { shape, data });
  }
  return { metadata: checkMetadata(metadata), tensors };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof header === "object" && header !== null && !Array.isArray(header)) {
      return header as Record<string, unknown>;
    }
  } catch {
    // Falls through: the reason that JSON.parse gives means nothing to the user.
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
  if (dtype !== "F32") {
    throw new CheckpointError(`tensor ${name} is of type ${dtype}, only F32 can be read`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw new CheckpointError(`tensor ${name} has no valid shape`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw new CheckpointError(`tensor ${name} has no valid offsets`);
  }
  const [begin, end] = offsets;
  const bytes = shape.reduce((a: number, b: number) => a * b, 4);
  if (end - begin !== bytes) {
    throw new CheckpointError(
      `tensor ${name} of shape (${shape.join(", ")}) needs ${bytes} bytes, its offsets span ${
        end - begin
      }`,
    );
  }
  return { name, shape, begin, end };
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

/** Writes a file: header padded with spaces to a multiple of 8, tensors in the order given. */
export function writeSafetensors({ metadata, tensors }: SafeTensors): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let position = 0;
  for (const [name, { shape, data }] of tensors) {
    header[name] = {
      dtype: "F32",
      shape,
      data_offsets: [position, position + data.byteLength],
    };
    position += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + position).fill(0x20, 8, 8 + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  position = 8 + length;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}
