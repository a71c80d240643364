/**
 * Answers of the service, by path.
 *
 * @module
 */
import type { Decode } from "../data/decode_common.ts";
import type { Rin } from "../diffusion/rin.ts";
import { sha256 } from "../model/identity.ts";
import { CLIENT_CLOSED, HttpError, jsonAnswer } from "./answers.ts";
import type { Asset, Assets } from "./assets.ts";
import type { Batcher } from "./batcher.ts";
import { readBody } from "./body.ts";
import { docsPage } from "./docs_page.ts";
import { imageFields, pictureFields, streamFields } from "./fields.ts";
import { fileAnswer, isKnown, type ServedFile } from "./file_answer.ts";
import type { Gate } from "./gate.ts";
import { imagesAnswer, type MakeImages, streamAnswer } from "./image_answers.ts";
import { parseImageRequest } from "./image_request.ts";
import type { ServiceLimits } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import { CHECKPOINT, type ModelDescription } from "./model.ts";
import { openApi } from "./openapi.ts";
import { addressQuery, PICTURE_PATH, pictureHeaders } from "./picture_address.ts";
import { textValues } from "./read_fields.ts";

/** One path. */
export interface Route {
  readonly method: "GET" | "POST";
  /** Whether it needs no token. */
  readonly open: boolean;
  readonly handler: (request: Request) => Response | Promise<Response>;
}

/** Parts of the answers. */
export interface RouteParts {
  readonly rin: Rin;
  readonly batcher: Batcher;
  readonly gate: Gate;
  readonly metrics: Metrics;
  readonly limits: ServiceLimits;
  readonly model: ModelDescription;
  readonly checkpoint: Uint8Array<ArrayBuffer>;
  readonly assets?: Assets;
  /** Identity of the network for pictures' records. */
  readonly identity: string;
  readonly hasToken: boolean;
  /** Decoder of pictures in requests. */
  readonly decode: Decode;
}

/** All paths that there are, pictures by URL as one; no other leads anywhere. */
export async function routesOf(parts: RouteParts): Promise<ReadonlyMap<string, Route>> {
  const { gate, batcher, metrics, model, limits, checkpoint, assets = new Map() } = parts;
  const get = (handler: Route["handler"], open = false): Route => ({
    method: "GET",
    open,
    handler,
  });
  const text = (body: string, type: string) =>
    new Response(body, { headers: { "content-type": type, "cache-control": "no-cache" } });
  const docs = (request: Request) =>
    text(docsPage(document, new URL(request.url).origin), "text/html; charset=utf-8");
  const metricsText = () => text(metrics.text(), "text/plain; version=0.0.4; charset=utf-8");
  const { sha256 } = model.checkpoint;
  const file: ServedFile = { body: checkpoint, type: "application/octet-stream", sha256 };
  const document = openApi(model, limits, parts);
  const health = () => {
    if (batcher.stopReason) throw new HttpError(503, batcher.stopReason.message);
    if (gate.closed) throw new HttpError(503, "The service is shutting down");
    return jsonAnswer({ status: "ok" });
  };
  const routes: [string, Route][] = [
    ["/", get(() => text("This is rin; its documentation is at /docs\n", "text/plain"), true)],
    ["/healthz", get(health, true)],
    ["/openapi.json", get(() => jsonAnswer(document), true)],
    ["/docs", get(docs, true)],
    ["/metrics", get(metricsText)],
    ["/model.json", get(() => jsonAnswer(model))],
    [`/${CHECKPOINT}`, get((request) => fileAnswer(request, file))],
    ...imageRoutes(parts),
  ];
  for (const [path, asset] of assets) {
    const served = await servedAsset(asset);
    routes.push([path, get((request) => fileAnswer(request, served), true)]);
  }
  return new Map(routes);
}

async function servedAsset({ body, type }: Asset): Promise<ServedFile> {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return { body: bytes, type, sha256: await sha256(bytes) };
}

function imageRoutes(
  { rin, gate, batcher, metrics, model, limits, identity, hasToken, decode }: RouteParts,
): [string, Route][] {
  const precision = rin.precision === "f32" ? undefined : rin.precision;
  const context = { network: model, limits, checkpoint: identity, precision, decode };
  const make: MakeImages = (request, listener, signal) => batcher.add(request, listener, signal);
  /** Enters by the gate; call the result at the end, with the error, if there was one. */
  const enter = ({ signal }: Request) => {
    const leave = gate.enter();
    const begin = performance.now();
    return (thrown?: unknown) => {
      leave();
      if (thrown === undefined) metrics.seconds.observe((performance.now() - begin) / 1000);
      else if (signal.aborted || thrown instanceof HttpError && thrown.status === CLIENT_CLOSED) {
        metrics.left.add();
      }
    };
  };

  const entered = async (
    request: Request,
    answerOf: () => Promise<Response>,
  ): Promise<Response> => {
    const leave = enter(request);
    try {
      const answer = await answerOf();
      leave();
      return answer;
    } catch (thrown) {
      leave(thrown);
      throw thrown;
    }
  };

  const ofImages = imageFields(model, limits);
  const images = (request: Request): Promise<Response> =>
    entered(request, async () => {
      const { body, bodyTime } = limits;
      const given = await readBody(request, ofImages, { bytes: body, milliseconds: bodyTime });
      const wanted = await parseImageRequest(given, ofImages, context);
      return await imagesAnswer(make, wanted, rin, request.signal);
    });

  const ofPicture = pictureFields(model, limits, identity);
  const source = { identity, sha256: model.checkpoint.sha256, device: rin.device.provenance };
  const picture = async (request: Request): Promise<Response> => {
    const given = textValues(ofPicture, addressQuery(new URL(request.url)));
    const wanted = await parseImageRequest(given, ofPicture, context);
    const headers = await pictureHeaders(wanted, source, hasToken);
    if (isKnown(request, headers.etag)) return new Response(null, { status: 304, headers });
    if (request.method === "HEAD") return new Response(null, { headers });
    return await entered(
      request,
      () => imagesAnswer(make, wanted, rin, request.signal, headers),
    );
  };

  const ofStream = streamFields(model, limits);
  const stream = async (request: Request): Promise<Response> => {
    const leave = enter(request);
    try {
      const given = textValues(ofStream, new URL(request.url).searchParams);
      const wanted = await parseImageRequest(given, ofStream, context);
      return streamAnswer(make, wanted, rin, request.signal, leave);
    } catch (thrown) {
      leave(thrown);
      throw thrown;
    }
  };
  return [
    ["/v1/images", { method: "POST", open: false, handler: images }],
    [PICTURE_PATH, { method: "GET", open: false, handler: picture }],
    ["/v1/images/stream", { method: "GET", open: false, handler: stream }],
  ];
}
