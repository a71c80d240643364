/**
 * A network as a web service: from a request to its answer.
 *
 * @module
 */
import type { Rin } from "../diffusion/rin.ts";
import { DeviceLimitError, DeviceLostError } from "../device/errors.ts";
import { SamplingError } from "../diffusion/errors.ts";
import { checkpointBytes, type CheckpointSource } from "../model/checkpoint_source.ts";
import { identityOf } from "../model/identity.ts";
import { checkNames } from "../model/schema.ts";
import { CLIENT_CLOSED, errorAnswer, HttpError, withSecurityHeaders } from "./answers.ts";
import type { Assets } from "./assets.ts";
import { Batcher } from "./batcher.ts";
import { Gate } from "./gate.ts";
import { completeLimits, type ServiceLimits } from "./limits.ts";
import { Metrics } from "./metrics.ts";
import { describeModel } from "./model.ts";
import { type Route, routesOf } from "./routes.ts";
import { tokenCheck } from "./token.ts";

/** What a service is made from. */
export interface ServiceOptions {
  /** The network; it stays the caller's to destroy. */
  readonly rin: Rin;
  /**
   * The bytes that it was loaded from, best an exported checkpoint (`rin export --dtype f32`): visitors
   * whose browsers sample for themselves are given them as they are. An ArrayBuffer or any view, a
   * Blob, or a Response.
   */
  readonly checkpoint: CheckpointSource;
  /** What a person calls the network. Default "rin". */
  readonly name?: string;
  /** Files of a page that are answered with, by path. Default none. */
  readonly assets?: Assets;
  /**
   * What requests must show as bearer token to reach the network; the page's files, `/healthz` and the
   * documentation are for all. Without it everything is.
   */
  readonly token?: string;
  /**
   * The names that this machine may be called by: for a service on loopback, so that no page from
   * elsewhere reaches it. Without them any will do.
   */
  readonly hosts?: readonly string[];
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<ServiceLimits>;
  /** Called when the device is lost, after which nothing more can be made. */
  readonly onFault?: (fault: Error) => void;
}

/** A network as a web service. */
export interface Service {
  /** Answers a request; never rejects. Needs no `this`. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Takes no more requests for images, and waits until those under way are answered. */
  readonly drain: () => Promise<void>;
  /** Takes no more requests for images, and ends those under way. */
  readonly close: () => void;
}

const KNOWN: readonly (keyof ServiceOptions)[] = [
  ...["rin", "checkpoint", "name", "assets", "token", "hosts", "limits", "onFault"] as const,
];

/**
 * Makes a service.
 *
 * @throws {RangeError} when an option or limit is unknown or makes no sense, or the network makes clips
 * @throws {CheckpointError} when the checkpoint is none
 */
export async function createService(options: ServiceOptions): Promise<Service> {
  checkNames(options, KNOWN, "service option");
  const { rin, name = "rin", assets, token, hosts, onFault } = options;
  if (rin.config.frames > 1) {
    throw new RangeError(
      `The network makes clips of ${rin.config.frames} frames, and the service makes images only`,
    );
  }
  const limits = completeLimits(options.limits);
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
  });
  const checkToken = token === undefined ? undefined : tokenCheck(token);

  const respond = async (request: Request, route: Route | undefined): Promise<Response> => {
    if (hosts) checkOrigin(request, hosts, route);
    if (!route) throw new HttpError(404, "There is nothing here: see /docs");
    const method = request.method === "HEAD" ? "GET" : request.method;
    if (method !== route.method) {
      const allow = route.method === "GET" ? "GET, HEAD" : route.method;
      throw new HttpError(405, `${request.method} is not answered here: only ${allow}`, { allow });
    }
    if (checkToken && !route.open) await checkToken(request);
    const response = await route.handler(request);
    return request.method === "HEAD" ? withoutBody(response) : response;
  };

  const fetch = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const route = routes.get(pathname);
    let response: Response;
    try {
      response = await respond(request, route);
    } catch (thrown) {
      response = errorAnswer(toHttpError(thrown, request));
    }
    metrics.requests.add(1, { route: route ? pathname : "other", status: response.status });
    return withSecurityHeaders(response);
  };
  const close = () => {
    gate.close();
    batcher.stop(new HttpError(503, "The service is shutting down"));
  };
  return { fetch, drain: () => gate.close(), close };
}

/**
 * What a page from elsewhere asks is not answered, whether it had its own name resolved to this
 * machine or asks as itself; but a link may lead here.
 */
function checkOrigin(request: Request, hosts: readonly string[], route: Route | undefined): void {
  if (!hosts.includes(new URL(request.url).hostname)) {
    throw new HttpError(
      403,
      "This service is for the machine alone that it runs on, or for a proxy's name that rin serve " +
        "--allow-host gives",
    );
  }
  const from = request.headers.get("sec-fetch-site");
  const isOwn = from === null || from === "none" || from === "same-origin";
  const isLink = route?.open && request.headers.get("sec-fetch-mode") === "navigate";
  if (!isOwn && !isLink) throw new HttpError(403, "Pages from elsewhere are not answered");
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
