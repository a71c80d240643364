/**
 * Pictures in a request, and the start of sampling that follows from them.
 *
 * @module
 */
import type { Decode } from "../data/decode_common.ts";
import { DataError } from "../data/errors.ts";
import { decodeGiven, type Given, maskOf } from "../data/given_picture.ts";
import type { SampleOptions } from "../diffusion/sample_options.ts";
import { USUAL_STRENGTH } from "../diffusion/usual_sampling.ts";
import type { ExampleConfig } from "../model/example.ts";
import { sha256 } from "../model/identity.ts";
import { HttpError } from "./answers.ts";

/** The pictures and their settings in a request. */
export interface GivenPictures {
  readonly image?: Uint8Array<ArrayBuffer>;
  readonly mask?: Uint8Array<ArrayBuffer>;
  readonly strength?: number;
}

/** The start of sampling where it is not noise, and its hashes for records. */
export interface Beginning {
  readonly options: Pick<SampleOptions, "image" | "mask" | "strength">;
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
  { image, mask, strength }: GivenPictures,
  config: ExampleConfig,
  { decode, most }: { readonly decode: Decode; readonly most: number },
): Promise<Beginning> {
  if (!image) {
    const lone = mask ? "mask" : strength !== undefined ? "strength" : undefined;
    if (lone) throw new HttpError(400, `${lone} is given without an image: give both, or neither`);
    return { options: {}, hashes: {} };
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
      image: pixelsOf(image, "image"),
      strength: strength ?? USUAL_STRENGTH[mask ? "masked" : "whole"],
      ...mask && { mask: maskOf(pixelsOf(mask, "mask")) },
    },
    hashes: { image: await sha256(image), ...mask && { mask: await sha256(mask) } },
  };
}
