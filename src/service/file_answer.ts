/**
 * A file in memory, over HTTP: whole, in part, or not modified.
 *
 * @module
 */
import { HttpError } from "./answers.ts";

/** A file with its contents. */
export interface ServedFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** sha-256 in hexadecimal. */
  readonly sha256: string;
}

/**
 * Answers with a file: 200, 206 with the requested range, or 304 where the client has it.
 *
 * @throws {HttpError} 416, when the file has no such range
 */
export function fileAnswer(request: Request, { body, type, sha256 }: ServedFile): Response {
  const etag = `"${sha256}"`;
  const headers: Record<string, string> = {
    etag,
    "accept-ranges": "bytes",
    "cache-control": "no-cache",
    "content-type": type,
  };
  if (isKnown(request, etag)) return new Response(null, { status: 304, headers });
  const range = rangeOf(request, body.length, etag);
  if (!range) {
    return new Response(body, { headers: { ...headers, "content-length": String(body.length) } });
  }
  const [from, to] = range;
  return new Response(body.subarray(from, to), {
    status: 206,
    headers: {
      ...headers,
      "content-length": String(to - from),
      "content-range": `bytes ${from}-${to - 1}/${body.length}`,
    },
  });
}

/** Whether a client has the requested file already. */
export function isKnown({ headers }: Request, etag: string): boolean {
  const known = headers.get("if-none-match");
  return known !== null &&
    known.split(",").some((tag) => ["*", etag].includes(tag.trim().replace(/^W\//, "")));
}

/** The single requested range, [from, to); undefined for the whole file, as for several ranges. */
function rangeOf(
  { headers }: Request,
  length: number,
  etag: string,
): [from: number, to: number] | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(headers.get("range")?.trim() ?? "") ?? [];
  const condition = headers.get("if-range");
  if (first === undefined || first + last === "" || condition && condition !== etag) {
    return undefined;
  }
  const from = first === "" ? Math.max(0, length - Number(last)) : Number(first);
  const to = first === "" || last === "" ? length : Math.min(length, Number(last) + 1);
  // A range that ends before it begins is none at all.
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (from >= to) {
    throw new HttpError(416, `The file has ${length} bytes, and none of this range`, {
      "content-range": `bytes */${length}`,
    });
  }
  return [from, to];
}
