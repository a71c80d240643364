/**
 * The network's description for pages: `model.json`.
 *
 * @module
 */
import { describeCheckpoint } from "../model/checkpoint.ts";
import { classNamesOf } from "../model/class_names.ts";
import type { RinConfig } from "../model/config.ts";
import { type OwnSampling, ownSamplingOf } from "../model/own_sampling.ts";
import { sha256 } from "../model/identity.ts";

/** A network, for a page. */
export interface ModelDescription {
  /** Name for people. */
  readonly name: string;
  /** The checkpoint's file, made for sampling only. */
  readonly checkpoint: {
    /** Relative to `model.json`. */
    readonly url: string;
    readonly sha256: string;
    readonly bytes: number;
  };
  readonly config: RinConfig;
  readonly classNames?: readonly string[];
  /** The network's own way of sampling, where it has one. */
  readonly sampling?: OwnSampling;
  /** Further metadata of the checkpoint, for people. */
  readonly about?: Readonly<Record<string, string>>;
  /** Whether the page's server makes pictures (`v1/images`). */
  readonly server: boolean;
}

/** The path of the checkpoint, next to the page. */
export const CHECKPOINT = "checkpoint.safetensors";

/**
 * Describes a network.
 *
 * @param bytes its checkpoint, made for sampling only
 * @param server whether the server makes pictures
 */
export async function describeModel(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
  server: boolean,
): Promise<ModelDescription> {
  const checkpoint = describeCheckpoint(bytes);
  const { config, about } = checkpoint;
  const sampling = ownSamplingOf(checkpoint);
  return {
    name,
    checkpoint: { url: CHECKPOINT, sha256: await sha256(bytes), bytes: bytes.length },
    config,
    classNames: classNamesOf(checkpoint),
    ...sampling && { sampling },
    about,
    server,
  };
}
