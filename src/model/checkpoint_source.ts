/**
 * The bytes of a checkpoint, whatever holds them.
 *
 * @module
 */
import { CheckpointError } from "./errors.ts";

/** What a checkpoint is read from: bytes in memory, a file that a page was given, or an answer of `fetch`. */
export type CheckpointSource = ArrayBufferLike | ArrayBufferView | Blob | Response;

/**
 * Reads all bytes; what lies in memory is not copied unless threads share it.
 *
 * @throws {CheckpointError} when it is something else, or an answer that failed
 */
export async function checkpointBytes(
  source: CheckpointSource,
): Promise<Uint8Array<ArrayBuffer>> {
  if (ArrayBuffer.isView(source)) {
    return unshared(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  }
  if (isA(source, "ArrayBuffer") || isA(source, "SharedArrayBuffer")) {
    return unshared(new Uint8Array(source as ArrayBufferLike));
  }
  if (isA(source, "Blob") || isA(source, "File")) {
    return new Uint8Array(await (source as Blob).arrayBuffer());
  }
  if (isA(source, "Response")) return await bodyOf(source as Response);
  throw new CheckpointError(
    `The checkpoint is ${found(source)}: needed its bytes, such as a Uint8Array, an ArrayBuffer, ` +
      `a Blob or a Response`,
  );
}

/** By its tag, for one that another realm (a worker, a frame, Node's vm) has made. */
function isA(value: unknown, tag: string): boolean {
  return Object.prototype.toString.call(value) === `[object ${tag}]`;
}

/** Neither TextDecoder nor crypto.subtle takes memory that threads share. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return isA(bytes.buffer, "ArrayBuffer") ? bytes as Uint8Array<ArrayBuffer> : bytes.slice();
}

async function bodyOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const { ok, status, url, bodyUsed } = response;
  const from = url ? ` of ${url}` : "";
  if (!ok) {
    throw new CheckpointError(
      `The answer${from} has status ${status}: needed a checkpoint; check the address`,
    );
  }
  if (bodyUsed) {
    throw new CheckpointError(
      `The answer${from} was read already: fetch it again, or keep its arrayBuffer()`,
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}

function found(source: unknown): string {
  if (typeof source === "string") return "a string";
  if (source instanceof Promise) return "a promise, which lacks an await";
  const name = (source as object | null | undefined)?.constructor?.name;
  return source === null || source === undefined ? String(source) : `a value of ${name}`;
}
