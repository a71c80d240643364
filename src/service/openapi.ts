/**
 * The service's description, as OpenAPI 3.1.
 *
 * @module
 */
import meta from "../../deno.json" with { type: "json" };
import { type Field, imageFields, streamFields } from "./fields.ts";
import type { ServiceLimits } from "./limits.ts";
import type { ModelDescription } from "./model.ts";

/** One operation of the document. */
export interface Operation {
  readonly summary: string;
  readonly description: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: BodySchema }>> };
  readonly responses: Readonly<Record<string, { description: string; content?: unknown }>>;
}

/** A field of a query. */
export interface Parameter {
  readonly name: string;
  readonly in: "query";
  readonly description: string;
  readonly schema: Field["schema"];
}

/** The fields of a body. */
export interface BodySchema {
  readonly type: "object";
  readonly additionalProperties: false;
  readonly properties: Readonly<Record<string, Field["schema"] & { description: string }>>;
}

/** The document. */
export interface OpenApi {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: unknown;
}

const ERRORS: Readonly<Record<string, string>> = {
  400: "Something about the request is not possible; `error` says what.",
  401: "The token is missing or wrong.",
  408: "The body came too slowly.",
  413: "The body is too long.",
  415: "The body is not said to be JSON.",
  416: "The file has no such range.",
  429: "Too many images wait; Retry-After says for how many seconds to wait.",
  503: "The service is shutting down, or its device is lost.",
  507: "The device's memory can't hold what this takes.",
};

/** Describes the service. */
export function openApi(
  model: ModelDescription,
  limits: ServiceLimits,
  hasToken: boolean,
): OpenApi {
  const { imageSize, numClasses } = model.config;
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
      description: `Makes images of ${imageSize} x ${imageSize} pixels` +
        `${numClasses > 0 ? ` of ${numClasses} classes` : ""}. The same request gives the same ` +
        `image, to the bit; every PNG carries what it was made with. At most ${limits.queue} ` +
        `images a request, and ${limits.work} images x steps.`,
    },
    paths: {
      "/v1/images": {
        post: {
          summary: "Make images",
          description: "Answers when all are made. Requests that wait at the same moment and are " +
            "made alike are made together; what they get doesn't depend on it.",
          requestBody: {
            content: { "application/json": { schema: bodySchema(imageFields(model, limits)) } },
          },
          responses: {
            200: {
              description: 'A PNG, or with format "json" an object: `images`, a list of `index`, ' +
                "`seed`, `class` (its number, if it has one) and `png` (base64).",
              content: { "image/png": {}, "application/json": {} },
            },
            ...failing(400, 408, 413, 415, 429, 503, 507),
          },
        },
      },
      "/v1/images/stream": {
        get: {
          summary: "Make images and watch them come",
          description: "Server-sent events, their data JSON: `progress` (done, total: steps of " +
            "images), `preview` (index, step, steps, png: the image as it looks now), `image` " +
            "(index, seed, class, png: the image itself), and at the end `done` (images) or `error`.",
          parameters: parametersOf(streamFields(model, limits)),
          responses: {
            ...answer("The events.", "text/event-stream"),
            ...failing(400, 429, 503),
          },
        },
      },
      "/model.json": get("The network", "Its name, checkpoint, config, classes and card.", {
        ...answer("The description.", "application/json"),
        ...failing(),
      }),
      [`/${model.checkpoint.url}`]: get(
        "The checkpoint",
        "What a browser samples with; takes Range, If-Range and If-None-Match.",
        {
          ...answer("The file.", "application/octet-stream"),
          206: { description: "The range that was asked for." },
          304: { description: "It is known already." },
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

function bodySchema(fields: Readonly<Record<string, Field>>): BodySchema {
  const properties = Object.fromEntries(
    Object.entries(fields).map((
      [name, { schema, about }],
    ) => [name, { ...schema, description: about }]),
  );
  return { type: "object", additionalProperties: false, properties };
}

function parametersOf(fields: Readonly<Record<string, Field>>): Parameter[] {
  return Object.entries(fields).map(([name, { schema, about }]) => ({
    name,
    in: "query",
    description: about,
    schema,
  }));
}
