/**
 * Reads the body of a request, which can be too long, too slow, or not of its declared type.
 *
 * @module
 */
import { concat } from "../data/prepared_format.ts";
import { HttpError } from "./answers.ts";
import type { Field } from "./fields.ts";
import { textValues } from "./read_fields.ts";

/** Limits of a body's length and time. */
export interface BodyLimits {
  readonly bytes: number;
  readonly milliseconds: number;
}

/**
 * Reads fields: a JSON object, or a form whose pictures are files.
 *
 * @param fields that give a form's text its types
 * @throws {HttpError} 408, 413, 415, or 400 where it is neither
 */
export async function readBody(
  request: Request,
  fields: Readonly<Record<string, Field>>,
  limits: BodyLimits,
): Promise<Readonly<Record<string, unknown>>> {
  const header = request.headers.get("content-type") ?? undefined;
  const type = header?.split(";")[0].trim().toLowerCase();
  if (type === "application/json") return parseJson(await readBytes(request, limits));
  if (type === "multipart/form-data") {
    return textValues(fields, await parseForm(await readBytes(request, limits), header!));
  }
  const found = type === undefined ? "missing" : `"${type.slice(0, 80)}"`;
  throw new HttpError(
    415,
    `The content-type is ${found}: expected application/json or multipart/form-data`,
  );
}

function parseJson(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new HttpError(400, "The body is not valid JSON");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new HttpError(400, 'The body is not a JSON object, such as {"count": 4, "seed": 1}');
}

/** The parts of a form in order; names of files play no part. */
async function parseForm(
  bytes: Uint8Array<ArrayBuffer>,
  type: string,
): Promise<[name: string, value: string | Uint8Array][]> {
  let form: FormData;
  try {
    form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  } catch {
    throw new HttpError(400, "The body is not valid multipart/form-data");
  }
  return await Promise.all(
    [...form].map(async ([name, value]): Promise<[string, string | Uint8Array]> => [
      name,
      typeof value === "string" ? value : new Uint8Array(await value.arrayBuffer()),
    ]),
  );
}

async function readBytes(
  { headers, body }: Request,
  limits: BodyLimits,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLong = () => new HttpError(413, `The body is longer than ${limits.bytes} bytes`);
  if (Number(headers.get("content-length")) > limits.bytes) throw tooLong();
  if (!body) return new Uint8Array();
  const reader = body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const seconds = limits.milliseconds / 1000;
    const tooSlow = new HttpError(408, `The body did not come within ${seconds} s`);
    timer = setTimeout(() => reject(tooSlow), limits.milliseconds);
  });
  try {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return concat(parts);
      length += value.length;
      if (length > limits.bytes) throw tooLong();
      parts.push(value);
    }
  } catch (thrown) {
    reader.cancel().catch(() => {});
    if (thrown instanceof HttpError) throw thrown;
    throw new HttpError(400, "The body was cut off");
  } finally {
    clearTimeout(timer);
  }
}
