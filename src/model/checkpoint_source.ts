/**
 * The bytes of a checkpoint, whatever holds them.
 *
 * @module
 */
import { CheckpointError } from "./errors.ts";
import { shown, tagOf } from "../options/schema.ts";

/**
 * The source of a checkpoint: bytes in memory, a file that a page was given, or a `fetch` response.
 */
export type CheckpointSource = ArrayBufferLike | ArrayBufferView | Blob | Response;

/**
 * Reads all bytes; copies bytes in memory only where threads share them.
 *
 * @throws {CheckpointError} when it is something else, or an answer that failed
 */
export async function checkpointBytes(
  source: CheckpointSource,
): Promise<Uint8Array<ArrayBuffer>> {
  if (ArrayBuffer.isView(source)) {
    return unshared(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  }
  const tag = tagOf(source);
  if (tag.endsWith("ArrayBuffer")) return unshared(new Uint8Array(source as ArrayBufferLike));
  if (tag === "Response" && !(source as Response).ok) {
    throw new CheckpointError(
      `The answer has status ${(source as Response).status}: expected a checkpoint`,
    );
  }
  if (/^(Response|Blob|File)$/.test(tag)) {
    return new Uint8Array(await (source as Response | Blob).arrayBuffer());
  }
  throw new CheckpointError(
    `The checkpoint is ${shown(source)}: expected its bytes, a Blob or a Response`,
  );
}

/** Neither TextDecoder nor crypto.subtle takes memory that threads share. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return tagOf(bytes.buffer) === "ArrayBuffer" ? bytes as Uint8Array<ArrayBuffer> : bytes.slice();
}
