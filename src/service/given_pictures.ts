/**
 * Pictures in a request, and the start of sampling that follows from them.
 *
 * @module
 */
import type { Decode } from "../data/decode_common.ts";
import { DataError } from "../data/errors.ts";
import { decodeGiven, type Given, maskOf } from "../data/given_picture.ts";
import { firstFrames } from "../diffusion/context.ts";
import type { SampleOptions } from "../diffusion/sample_options.ts";
import { USUAL_STRENGTH } from "../diffusion/usual_sampling.ts";
import type { DrawnConfig } from "../model/example.ts";
import { sha256 } from "../model/identity.ts";
import { HttpError } from "./answers.ts";

/** The pictures and their settings in a request. */
export interface GivenPictures {
  readonly image?: Uint8Array<ArrayBuffer>;
  readonly mask?: Uint8Array<ArrayBuffer>;
  readonly context?: Uint8Array<ArrayBuffer>;
  readonly strength?: number;
}

/** The start of sampling where it is not noise, and its hashes for records. */
export interface Beginning {
  readonly options: Pick<SampleOptions, "image" | "mask" | "context" | "strength">;
  readonly hashes: Readonly<Partial<Record<Given, string>>>;
}

/**
 * Decodes the pictures of a request, as `rin sample` reads those of files.
 *
 * @param options.decode their decoder, except of clips
 * @param options.most pixels of one at most
 * @throws {HttpError} 400, when one is no picture or too large, or an accompanying field is missing
 */
export async function readPictures(
  { image, mask, context, strength }: GivenPictures,
  config: DrawnConfig,
  { decode, most }: { readonly decode: Decode; readonly most: number },
): Promise<Beginning> {
  if (config.contextFrames > 0 && !context) {
    throw new HttpError(
      400,
      `context is missing: this network continues clips, so send the ` +
        `${firstFrames(config.contextFrames)} of one to POST /v1/images`,
    );
  }
  const lone = mask ? "mask" : strength !== undefined ? "strength" : undefined;
  if (!image && lone) {
    throw new HttpError(400, `${lone} is given without an image: give both, or neither`);
  }
  const pixelsOf = (bytes: Uint8Array, what: Given) => {
    try {
      return decodeGiven(bytes, what, config, decode, most);
    } catch (thrown) {
      if (!(thrown instanceof DataError)) throw thrown;
      throw new HttpError(400, `${what} can't be used: ${thrown.message}`);
    }
  };
  return {
    options: {
      ...image && {
        image: pixelsOf(image, "image"),
        strength: strength ?? USUAL_STRENGTH[mask ? "masked" : "whole"],
      },
      ...mask && { mask: maskOf(pixelsOf(mask, "mask")) },
      ...context && { context: pixelsOf(context, "context") },
    },
    hashes: {
      ...image && { image: await sha256(image) },
      ...mask && { mask: await sha256(mask) },
      ...context && { context: await sha256(context) },
    },
  };
}
