/**
 * The service's description, as OpenAPI 3.1.
 *
 * @module
 */
import { firstFrames } from "../diffusion/context.ts";
import { sidesOf } from "../model/image_size.ts";
import meta from "../../deno.json" with { type: "json" };
import type { Schema } from "../options/schema.ts";
import { type Field, imageFields, pictureFields, streamFields } from "./fields.ts";
import type { ServiceLimits } from "./limits.ts";
import type { ModelDescription } from "./model.ts";
import { PICTURE_PATH } from "./picture_address.ts";

/** One operation of the document. */
export interface Operation {
  readonly summary: string;
  readonly description: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Body>> };
  readonly responses: Readonly<Record<string, { description: string; content?: unknown }>>;
}

/** A field's schema as OpenAPI has it. */
export type ApiSchema = Schema & {
  readonly minItems?: number;
  readonly maxItems?: number;
  /** For a file in JSON. */
  readonly contentEncoding?: "base64";
  /** For a file in a form. */
  readonly contentMediaType?: "application/octet-stream";
};

/** A field of a query, or of a path. */
export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly required?: true;
  readonly description: string;
  readonly schema: ApiSchema;
  /** Lists are written with commas. */
  readonly explode?: false;
}

/** A body of one type. */
export interface Body {
  readonly schema: BodySchema;
  readonly encoding?: Readonly<Record<string, { readonly style: "form"; readonly explode: false }>>;
}

/** The fields of a body. */
export interface BodySchema {
  readonly type: "object";
  readonly additionalProperties: false;
  readonly required?: readonly string[];
  readonly properties: Readonly<Record<string, ApiSchema & { description: string }>>;
}

/** The document. */
export interface OpenApi {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: unknown;
}

const ERRORS: Readonly<Record<string, string>> = {
  400: "The request is wrong; `error` says how.",
  401: "The token is missing or wrong.",
  404: "The URL names another network; `error` says which one is here.",
  408: "The body came too slowly.",
  413: "The body is too long.",
  415: "The body is neither JSON nor a form.",
  416: "The file has no such range.",
  429: "Too many images wait; Retry-After says for how many seconds to wait.",
  503: "The service is shutting down, or its device is lost.",
  507: "The device's memory is too small for this.",
};

/** Describes the service. */
export function openApi(
  model: ModelDescription,
  limits: ServiceLimits,
  { hasToken, identity }: { readonly hasToken: boolean; readonly identity: string },
): OpenApi {
  const { imageSize, numClasses, frames, contextFrames } = model.config;
  const { width, height } = sidesOf(imageSize);
  const ofImages = imageFields(model, limits);
  const failing = (...statuses: number[]) =>
    Object.fromEntries(
      [...statuses, ...hasToken ? [401] : []].map((status) => [status, {
        description: ERRORS[status],
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      }]),
    );
  const open = hasToken ? { security: [] } : {};
  const answer = (description: string, type: string) => ({
    200: { description, content: { [type]: {} } },
  });
  const get = (summary: string, description: string, responses: Operation["responses"]) => ({
    get: { summary, description, responses },
  });
  return {
    openapi: "3.1.0",
    info: {
      title: model.name,
      version: meta.version,
      description: `Makes ${frames > 1 ? `clips of ${frames} frames` : "images"} of ` +
        `${width} x ${height} pixels${numClasses > 0 ? ` of ${numClasses} classes` : ""}${
          contextFrames > 0
            ? `, the ${firstFrames(contextFrames)} taken from the request's context`
            : ""
        }. The same request gives the same image, to the bit; every PNG records its settings. At most ${limits.queue} ` +
        `images a request, and ${limits.work} images x steps.`,
    },
    paths: {
      "/v1/images": {
        post: {
          summary: "Make images",
          description: "Takes JSON, in which pictures are base64 or data URLs, or a form " +
            "(`multipart/form-data`), in which they are files; both have the same fields. Answers " +
            "when all images are done. Requests that wait at the same moment with the same settings " +
            "share a batch; their images don't depend on it.",
          requestBody: {
            content: {
              "application/json": { schema: bodySchema(ofImages, "json") },
              "multipart/form-data": {
                schema: bodySchema(ofImages, "form"),
                encoding: { interpolate: { style: "form", explode: false } },
              },
            },
          },
          responses: {
            200: {
              description:
                'A PNG or GIF, or with format "json" an object: `images`, a list of `index`, ' +
                "`seed`, `class` (its number, if it has one) and `png` (base64).",
              content: { "image/png": {}, "image/gif": {}, "application/json": {} },
            },
            ...failing(400, 408, 413, 415, 429, 503, 507),
          },
        },
      },
      // A URL holds no clip to continue.
      ...contextFrames === 0 && {
        [PICTURE_PATH]: {
          get: {
            summary: "A picture by its URL",
            description:
              "One image: the same file as `POST /v1/images` makes of the same fields. Its " +
              "ETag changes with the network, a setting, and what computes; HEAD requests, and " +
              "If-None-Match with the right ETag, draw nothing.",
            parameters: parametersOf(pictureFields(model, limits, identity), ["seed"]),
            responses: {
              ...answer("A PNG.", "image/png"),
              304: { description: "The client has it already." },
              ...failing(400, 404, 429, 503),
            },
          },
        },
        "/v1/images/stream": {
          get: {
            summary: "Draw images and watch them appear",
            description: "Server-sent events, their data JSON: `progress` (done, total: steps of " +
              "images), `preview` (index, step, steps, png: what it looks like now), `image` " +
              "(index, seed, class, png: the image itself), and at the end `done` (images) or `error`.",
            parameters: parametersOf(streamFields(model, limits)),
            responses: {
              ...answer("The events.", "text/event-stream"),
              ...failing(400, 429, 503),
            },
          },
        },
      },
      "/model.json": get("The network", "Its name, checkpoint, config, classes and card.", {
        ...answer("The description.", "application/json"),
        ...failing(),
      }),
      [`/${model.checkpoint.url}`]: get(
        "The checkpoint",
        "The checkpoint that browsers sample with; takes Range, If-Range and If-None-Match.",
        {
          ...answer("The file.", "application/octet-stream"),
          206: { description: "The range that was asked for." },
          304: { description: "The client has it already." },
          ...failing(416),
        },
      ),
      "/metrics": get("Figures", "Counters and histograms in Prometheus' text format.", {
        ...answer("The figures.", "text/plain"),
        ...failing(),
      }),
      "/healthz": {
        get: {
          ...get("Whether it works", "For load balancers; needs no token.", {
            ...answer("It does.", "application/json"),
            503: { description: ERRORS[503] },
          }).get,
          ...open,
        },
      },
    },
    components: {
      schemas: {
        Error: {
          type: "object",
          required: ["error"],
          properties: { error: { type: "string", description: "One sentence." } },
        },
      },
      ...hasToken && { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    },
    ...hasToken && { security: [{ token: [] }] },
  };
}

/** The place of a field, which decides how a file is written. */
type Place = "json" | "form";

function schemaOf({ schema, isFile }: Field, place: Place = "json"): ApiSchema {
  if (isFile) {
    return {
      type: "string",
      ...place === "json"
        ? { contentEncoding: "base64" }
        : { contentMediaType: "application/octet-stream" },
    };
  }
  if (!("type" in schema) || schema.type !== "numbers") return schema as Schema;
  const { items, length } = schema;
  return { type: "array", items, minItems: length, maxItems: length };
}

function bodySchema(fields: Readonly<Record<string, Field>>, place: Place): BodySchema {
  const properties = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, {
      ...schemaOf(field, place),
      description: field.about,
    }]),
  );
  const required = Object.keys(fields).filter((name) => fields[name].isNeeded);
  return {
    type: "object",
    additionalProperties: false,
    properties,
    ...required.length > 0 && { required },
  };
}

/** @param inPath names of those that the path has */
function parametersOf(
  fields: Readonly<Record<string, Field>>,
  inPath: readonly string[] = [],
): Parameter[] {
  return Object.entries(fields).map(([name, field]) => {
    const schema = schemaOf(field);
    return {
      name,
      ...inPath.includes(name) ? { in: "path", required: true } : { in: "query" },
      description: field.about,
      schema,
      ...schema.minItems !== undefined && { explode: false },
    };
  });
}
