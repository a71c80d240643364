/**
 * A network as a web service: from a request to its answer.
 *
 * @module
 */
import { type Decode, decodeCommon } from "../data/decode_common.ts";
import type { Rin } from "../diffusion/rin.ts";
import { DeviceLimitError, DeviceLostError } from "../device/errors.ts";
import { SamplingError } from "../diffusion/errors.ts";
import { checkpointBytes, type CheckpointSource } from "../model/checkpoint_source.ts";
import { identityOf } from "../model/identity.ts";
import { checkNames, checkValue, type OptionSchema, shown } from "../options/schema.ts";
import { addSecurityHeaders, CLIENT_CLOSED, errorAnswer, HttpError } from "./answers.ts";
import type { Assets } from "./assets.ts";
import { Batcher } from "./batcher.ts";
import { Cors } from "./cors.ts";
import { Gate } from "./gate.ts";
import { completeLimits, type ServiceLimits } from "./limits.ts";
import { Metrics } from "./metrics.ts";
import { describeModel } from "./model.ts";
import { pathOf } from "./picture_address.ts";
import { type Route, routesOf } from "./routes.ts";
import { tokenCheck } from "./token.ts";

/** Options of a service. */
export interface ServiceOptions {
  /** The network; it stays the caller's to destroy. */
  readonly rin: Rin;
  /**
   * The bytes that it was loaded from, best an exported checkpoint (`rin export --dtype f32`): the
   * service sends them unchanged to browsers that sample for themselves. An ArrayBuffer or any
   * view, a Blob, or a Response.
   */
  readonly checkpoint: CheckpointSource;
  /** Name of the network for people. Default "rin". */
  readonly name?: string;
  /** Files of a page that are answered with, by path. Default none. */
  readonly assets?: Assets;
  /**
   * The bearer token that requests need to reach the network; the page's files, `/healthz` and the
   * documentation are public. Without it everything is.
   */
  readonly token?: string;
  /**
   * Names that requests can use for this machine: for a service on loopback, so that no page from
   * elsewhere reaches it. Without them any will do.
   */
  readonly hosts?: readonly string[];
  /**
   * Origins with access for their pages, such as `https://example.org`, or `*` for all; also where
   * `hosts` are given. Never with credentials. Default none.
   */
  readonly cors?: readonly string[];
  /**
   * Decodes pictures in requests, except clips. Default one of PNG, JPEG, BMP and GIF; `rin serve`
   * has one that also reads WebP, whose decoder takes more room than all the others.
   */
  readonly decode?: Decode;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<ServiceLimits>;
  /** Called when the device is lost, after which nothing more can be made. */
  readonly onFault?: (fault: Error) => void;
}

/** A network as a web service. */
export interface Service {
  /** Answers a request; never rejects. Needs no `this`. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Takes no more requests for images, and waits until the running ones are answered. */
  readonly drain: () => Promise<void>;
  /** Takes no more requests for images, and ends the running ones. */
  readonly close: () => void;
}

const OPTIONS = {
  rin: { type: "Object" },
  name: { type: "string" },
  assets: { type: "Map" },
  token: { type: "string" },
  decode: { type: "Function" },
  onFault: { type: "Function" },
} as const satisfies Partial<Record<keyof ServiceOptions, OptionSchema>>;

/**
 * Makes a service.
 *
 * @throws {RangeError} when an option or limit is unknown or makes no sense
 * @throws {CheckpointError} when the checkpoint is none
 */
export async function createService(options: ServiceOptions): Promise<Service> {
  checkNames(
    options,
    [...Object.keys(OPTIONS), "checkpoint", "hosts", "cors", "limits"],
    "service option",
  );
  for (const [key, schema] of Object.entries(OPTIONS)) {
    const value = options[key as keyof typeof OPTIONS];
    if (value !== undefined || key === "rin") checkValue(schema, key, value);
  }
  const { rin, name = "rin", assets, token, hosts, onFault, decode = decodeCommon } = options;
  // A text would match each of its parts.
  if (hosts && !(Array.isArray(hosts) && hosts.every((host) => typeof host === "string"))) {
    throw new RangeError(`hosts is ${shown(hosts)}: expected a list of names`);
  }
  const limits = completeLimits(options.limits);
  const cors = new Cors(options.cors);
  const checkpoint = await checkpointBytes(options.checkpoint);
  const model = await describeModel(name, checkpoint, true);
  const metrics = new Metrics();
  const batcher = new Batcher(rin, limits, metrics, onFault);
  const gate = new Gate();
  metrics.gauge("rin_queue_images", "Images that wait.", () => batcher.waiting);
  metrics.gauge("rin_requests_in_flight", "Requests for images under way.", () => gate.inside);
  metrics.gauge("rin_device_bytes", "Bytes of the device's memory held.", () => rin.device.bytes);
  const routes = await routesOf({
    rin,
    batcher,
    gate,
    metrics,
    limits,
    model,
    checkpoint,
    assets,
    identity: identityOf(model.checkpoint.sha256, model.about),
    hasToken: token !== undefined,
    decode,
  });
  const checkToken = token === undefined ? undefined : tokenCheck(token);

  const respond = async (request: Request, route: Route | undefined): Promise<Response> => {
    if (hosts) checkOrigin(request, hosts, route, cors);
    const methods = route?.method === "POST" ? "POST" : "GET, HEAD";
    const preflight = cors.preflight(request, methods);
    if (preflight) return preflight;
    if (!route) throw new HttpError(404, "There is no such path: see /docs");
    const method = request.method === "HEAD" ? "GET" : request.method;
    if (method !== route.method) {
      throw new HttpError(405, `${request.method} is not answered here: only ${methods}`, {
        allow: methods,
      });
    }
    if (checkToken && !route.open) await checkToken(request);
    const response = await route.handler(request);
    return request.method === "HEAD" ? withoutBody(response) : response;
  };

  const fetch = async (request: Request): Promise<Response> => {
    const path = pathOf(new URL(request.url).pathname);
    const route = routes.get(path);
    let response: Response;
    try {
      response = await respond(request, route);
    } catch (thrown) {
      response = errorAnswer(toHttpError(thrown, request));
    }
    metrics.requests.add(1, { route: route ? path : "other", status: response.status });
    addSecurityHeaders(response);
    cors.mark(request, response);
    return response;
  };
  const close = () => {
    gate.close();
    batcher.stop(new HttpError(503, "The service is shutting down"));
  };
  return { fetch, drain: () => gate.close(), close };
}

/**
 * Refuses requests of pages from elsewhere, whether they had their own name resolved to this
 * machine or ask as themselves. Links to here work, and pages of some origins have access.
 */
function checkOrigin(
  request: Request,
  hosts: readonly string[],
  route: Route | undefined,
  cors: Cors,
): void {
  if (!hosts.includes(new URL(request.url).hostname)) {
    throw new HttpError(
      403,
      "This service answers only under its machine's own names, and those that rin serve " +
        "--allow-host gives",
    );
  }
  const from = request.headers.get("sec-fetch-site");
  const isOwn = from === null
    ? isFromHere(request.headers.get("origin"), hosts)
    : from === "none" || from === "same-origin";
  const isLink = route?.open && request.headers.get("sec-fetch-mode") === "navigate";
  if (!isOwn && !isLink && !cors.allows(request)) {
    throw new HttpError(403, "This service answers no pages of other sites");
  }
}

/** For browsers without Sec-Fetch-Site, by Origin; programs send neither. */
function isFromHere(origin: string | null, hosts: readonly string[]): boolean {
  return origin === null ||
    hosts.some((host) => origin.replace(/^https?:\/\/|:\d+$/g, "") === host);
}

function withoutBody(response: Response): Response {
  response.body?.cancel();
  return new Response(null, response);
}

function toHttpError(thrown: unknown, request: Request): HttpError {
  if (thrown instanceof HttpError) return thrown;
  if (request.signal.aborted) return new HttpError(CLIENT_CLOSED, "The client has left");
  const { message } = thrown as Error;
  if (thrown instanceof DeviceLostError) return new HttpError(503, message);
  if (thrown instanceof DeviceLimitError) return new HttpError(507, message);
  if (thrown instanceof SamplingError) return new HttpError(500, message);
  return new HttpError(500, `Something unexpected went wrong: ${message}`);
}
