/**
 * Files of pictures, from any container, as a data source.
 * @module
 */
import { DECODERS } from "./decode_image.ts";
import { DecodePool } from "./decode_pool.ts";
import { hexHash } from "./fingerprint.ts";
import { folderLabels } from "./labels.ts";
import type { LeftOut } from "./left_out.ts";
import type { Decoder, FolderMeaning, Source } from "./source.ts";
import { insideSplit, splitFolders } from "./split_folders.ts";

/** Pictures, and facts about them together. */
export interface Pictures<File> extends Pick<Source, "attribution"> {
  readonly files: readonly File[];
  readonly leftOut?: LeftOut;
  /** 1 for pictures held out; only where the source has splits of its own. */
  readonly heldOut?: Uint8Array;
  /** Whether these splits stay where the user requests a share. */
  readonly fixedSplit?: boolean;
  /** A name with the class as first folder, where names themselves have another or none. */
  readonly classedName?: (name: string) => string;
}

/** Reads the folders train, val and test as splits, where they exist and the caller allows it. */
export function withSplits<File extends { readonly name: string }>(
  listing: { readonly files: readonly File[]; readonly leftOut: LeftOut },
  folders: FolderMeaning,
  onNote?: (sentence: string) => void,
): Pictures<File> {
  const splits = folders === "auto" ? splitFolders(listing.files) : undefined;
  if (!splits) return listing;
  onNote?.(splits.note);
  const { files, heldOut } = splits;
  return { ...listing, files, heldOut, fixedSplit: true, classedName: insideSplit };
}

/**
 * A source of pictures with classes named by first folders.
 *
 * @param stateOf a file's line in the fingerprint
 * @param decoder starts to decode at a size
 */
export async function pictureSource<File extends { readonly name: string }>(
  name: string,
  { files, leftOut, attribution, heldOut, fixedSplit = false, classedName }: Pictures<File>,
  stateOf: (file: File) => string,
  decoder: Source["decoder"],
): Promise<Source> {
  const names = files.map((file) => file.name);
  const classed = (index: number) => classedName?.(names[index]) ?? names[index];
  const states = files.map((file, i) =>
    stateOf(file) + (heldOut?.[i] ? " held out" : "") + (classedName ? ` as ${classed(i)}` : "")
  );
  return {
    name,
    names,
    fingerprint: await hexHash([`decoders ${DECODERS}`, ...states].join("\n")),
    leftOut,
    attribution,
    heldOut,
    fixedSplit,
    decoder,
    labels: (indices) => Promise.resolve(folderLabels(indices.map(classed))),
  };
}

/** A decoder that works on all cores. */
export function ofPool(
  decode: (pool: DecodePool, index: number) => Promise<Uint8Array>,
  close = () => {},
): Decoder {
  const pool = new DecodePool();
  return {
    capacity: pool.capacity,
    decode: (index) => decode(pool, index),
    close: () => {
      pool.close();
      close();
    },
  };
}
