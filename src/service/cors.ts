/**
 * Decides which pages of other origins can use the service, and tells their browsers.
 *
 * @module
 */
import { HttpError } from "./answers.ts";

/** Stands for every origin. */
const ANY = "*";

/** Headers of a request that pages can set. */
const ASKED = "authorization, content-type, if-none-match, if-range, range";

/** Headers of an answer that pages can read in addition to those that they always can. */
const EXPOSED = "accept-ranges, content-range, etag, retry-after, www-authenticate";

/** Seconds that a browser can remember a permission. */
const REMEMBERED = "600";

/** Whether a text is valid for {@linkcode Cors}: an origin as browsers write it, or `*`. */
export function isOrigin(text: string): boolean {
  if (text === ANY) return true;
  try {
    const { origin, protocol } = new URL(text);
    return origin === text && /^https?:$/.test(protocol);
  } catch {
    return false;
  }
}

/** The origins with access for their pages. They can never send a browser's cookies. */
export class Cors {
  readonly #origins: readonly string[];

  /** @throws {RangeError} when one is no origin */
  constructor(origins: readonly string[] = []) {
    const wrong = origins.find((origin) => !isOrigin(origin));
    if (wrong !== undefined) {
      throw new RangeError(
        `cors has "${wrong}": expected origins such as https://example.org, without a path, or *`,
      );
    }
    this.#origins = origins;
  }

  get #any(): boolean {
    return this.#origins.includes(ANY);
  }

  /** Whether a request comes from a page with access. */
  allows({ headers }: Request): boolean {
    return this.#any || this.#origins.includes(headers.get("origin") ?? "");
  }

  /**
   * Answers a browser's preflight request for a page; undefined for all other requests, and where
   * no origin was given.
   *
   * @param methods those that the path takes
   * @throws {HttpError} 403 for a page without access
   */
  preflight(request: Request, methods: string): Response | undefined {
    const isPreflight = request.method === "OPTIONS" &&
      request.headers.has("access-control-request-method");
    if (!isPreflight || this.#origins.length === 0) return undefined;
    if (!this.allows(request)) {
      throw new HttpError(
        403,
        "This service answers no pages of this origin: rin serve --cors " +
          "allows them",
      );
    }
    return new Response(null, {
      status: 204,
      headers: {
        "access-control-allow-methods": methods,
        "access-control-allow-headers": ASKED,
        "access-control-max-age": REMEMBERED,
      },
    });
  }

  /** Adds the headers that let a browser pass the answer to the page. */
  mark(request: Request, { headers }: Response): void {
    if (this.#origins.length === 0) return;
    if (!this.#any) headers.append("vary", "Origin");
    if (!this.allows(request)) return;
    headers.set("access-control-allow-origin", this.#any ? ANY : request.headers.get("origin")!);
    headers.set("access-control-expose-headers", EXPOSED);
    // So that any page can show a picture without asking as itself.
    if (this.#any) headers.set("cross-origin-resource-policy", "cross-origin");
  }
}
