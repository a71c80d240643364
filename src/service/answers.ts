/**
 * Answers of the service, except pictures.
 *
 * @module
 */

/** A request that is not done, with the status and the one sentence that tell why. */
export class HttpError extends Error {
  override name = "HttpError";

  constructor(
    readonly status: number,
    sentence: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(sentence);
  }
}

/** The status of an abandoned request, as servers log it. */
export const CLIENT_CLOSED = 499;

/** The service is full: it can be asked again after some seconds. */
export function retryLater(status: 429 | 503, sentence: string, seconds: number): HttpError {
  return new HttpError(status, sentence, { "retry-after": String(seconds) });
}

/** A value as JSON. */
export function jsonAnswer(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json(value, { status, headers: { "cache-control": "no-store", ...headers } });
}

/** The answer to a failed request. */
export function errorAnswer({ status, message, headers }: HttpError): Response {
  return jsonAnswer({ error: message }, status, headers);
}

/**
 * The page's permissions: it can run scripts and workers of its own (WebAssembly among them), show
 * pictures that it has made, and ask this service; nothing from elsewhere, and in no frame of
 * another page.
 */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "manifest-src 'self'",
  "connect-src 'self' blob: data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

// The first two isolate a page, for which browsers let it share memory between threads.
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": PAGE_POLICY,
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Adds headers that keep other pages from the answer. */
export function addSecurityHeaders({ headers }: Response): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
}
