/**
 * Pictures by URL: a seed and settings determine a picture, so caches can keep it.
 *
 * @module
 */
import meta from "../../deno.json" with { type: "json" };
import { sha256 } from "../model/identity.ts";
import { shown } from "../options/schema.ts";
import { recordJson } from "../picture/record.ts";
import { HttpError } from "./answers.ts";
import type { ImageRequest } from "./image_request.ts";

/** The path of all of them. */
export const PICTURE_PATH = "/v1/images/{seed}.png";

const PICTURE = /^\/v1\/images\/([^/]+)\.png$/;

/** The path that a request's path is one of: the same, but for a picture's. */
export function pathOf(pathname: string): string {
  return PICTURE.test(pathname) ? PICTURE_PATH : pathname;
}

/** The fields of a picture's URL, the seed among them. */
export function addressQuery(url: URL): URLSearchParams {
  const query = new URLSearchParams(url.searchParams);
  query.append("seed", PICTURE.exec(url.pathname)![1]);
  return query;
}

/** Identifies a picture's source: the network, and the computing device. */
export interface PictureSource {
  /** Identity of the network. */
  readonly identity: string;
  /** The sha-256 of its file, which can be a copy. */
  readonly sha256: string;
  /** The device's `provenance`: bits differ from device to device. */
  readonly device: string;
}

/**
 * Headers of a picture's answer, known before it is drawn. The ETag is made from the picture's
 * record, which has a fixed order and form of settings, defaults included.
 *
 * @param isPrivate whether it is for those alone who show a token
 * @throws {HttpError} 404 when the URL names another network: this service can't make its pictures
 */
export async function pictureHeaders(
  { record, network }: ImageRequest,
  source: PictureSource,
  isPrivate: boolean,
): Promise<Record<string, string>> {
  if (network !== undefined && network !== source.identity && network !== source.sha256) {
    throw new HttpError(
      404,
      `There is no picture of the network ${shown(network)} here: this service's is ` +
        `${source.identity}`,
    );
  }
  const made = JSON.stringify([meta.version, recordJson(record, source.device)]);
  const kept = isPrivate ? "private" : "public";
  return {
    etag: `"${await sha256(new TextEncoder().encode(made))}"`,
    // Without the network's hash the URL shows another picture as soon as another network is served.
    "cache-control": network !== undefined
      ? `${kept}, max-age=31536000, immutable`
      : isPrivate
      ? "private, no-cache"
      : "no-cache",
    "content-type": "image/png",
  };
}
