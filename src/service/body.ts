/**
 * The body of a request, which may be too long, too slow, or no JSON.
 *
 * @module
 */
import { HttpError } from "./answers.ts";

/**
 * Reads a JSON object.
 *
 * @param limits.bytes how long it may be
 * @param limits.milliseconds how long it may take to come
 * @throws {HttpError} 408, 413, 415, or 400 where it is no JSON object
 */
export async function readJson(
  request: Request,
  limits: { readonly bytes: number; readonly milliseconds: number },
): Promise<Readonly<Record<string, unknown>>> {
  // Another site's page can send text without asking; for JSON its browser asks, and is told nothing.
  const type = request.headers.get("content-type")?.split(";")[0].trim().toLowerCase();
  if (type !== "application/json") {
    const found = type === undefined ? "missing" : `"${type.slice(0, 80)}"`;
    throw new HttpError(415, `The content-type is ${found}: needed application/json`);
  }
  const bytes = await readBytes(request, limits);
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

async function readBytes(
  { headers, body }: Request,
  limits: { readonly bytes: number; readonly milliseconds: number },
): Promise<Uint8Array> {
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
    const whole = new Uint8Array(limits.bytes);
    let length = 0;
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) return whole.subarray(0, length);
      if (length + value.length > limits.bytes) throw tooLong();
      whole.set(value, length);
      length += value.length;
    }
  } catch (thrown) {
    reader.cancel().catch(() => {});
    if (thrown instanceof HttpError) throw thrown;
    throw new HttpError(400, "The body was cut off");
  } finally {
    clearTimeout(timer);
  }
}
