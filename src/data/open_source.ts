/**
 * From the name of a data source to the list of its images, none of them decoded yet.
 * @module
 */
import { Inflated } from "../formats/inflated.ts";
import { isNpy } from "../formats/npy.ts";
import { isTar } from "../formats/tar.ts";
import { arraySource } from "./array_source.ts";
import { findCeleba, listCeleba } from "./celeba.ts";
import { cifarIn } from "./cifar_source.ts";
import { EMOJI_ATTRIBUTION, type EmojiSubset, listEmoji } from "./emoji.ts";
import { DataError, reasonOf } from "./errors.ts";
import { FileBytes } from "./file_bytes.ts";
import { stateOf } from "./fingerprint.ts";
import { listImages } from "./folder.ts";
import { idxSource } from "./idx_source.ts";
import type { ImageFile } from "./image_file.ts";
import { listClips } from "./list_clips.ts";
import { describeFormat, readableFormat, START } from "./picture_format.ts";
import { ofPool, type Pictures, pictureSource, withSplits } from "./picture_source.ts";
import type { FolderMeaning, Source } from "./source.ts";
import { tarSource } from "./tar_source.ts";

/**
 * Looks a data source up.
 *
 * @param name "faces", "emoji", a folder, an array that NumPy saved, or an IDX file
 * @param onNote receives one sentence when a data set is about to be fetched, folders are splits,
 * or arrays are taken by their names
 * @param folders meaning of folders called train, val and test; splits by default
 * @throws {DataError} when there is nothing that can be used
 */
export async function openSource(
  name: string,
  onNote?: (sentence: string) => void,
  folders: FolderMeaning = "auto",
): Promise<Source> {
  if (name === "faces" || name === "emoji") {
    const subset: EmojiSubset = name === "faces" ? "faces" : "all";
    const files = await listEmoji(subset, { onFetch: onNote });
    // The 118 pictures are for memorization; of all emoji, figures were measured with every 20th
    // held out.
    const heldOut = Uint8Array.from(files, (_, i) => name === "emoji" && i % 20 === 0 ? 1 : 0);
    const pictures = { files, heldOut, attribution: EMOJI_ATTRIBUTION };
    if (subset === "faces") return await ofFiles(name, pictures);
    const categories = new Map(files.map(({ name, category }) => [name, category]));
    return await ofFiles(name, {
      ...pictures,
      classedName: (name) => `${categories.get(name)}/${name}`,
    });
  }
  const info = await statOf(name, `"faces", "emoji", ${WANTED}`);
  if (!info.isDirectory) {
    const kind = kindOfFile(name);
    if (kind === "arrays") return await arraySource(name, false, onNote);
    return kind === "tar" ? await tarSource(name, onNote, folders) : await idxSource(name);
  }
  const cifar = await cifarIn(name, onNote);
  if (cifar) return cifar;
  const celeba = await findCeleba(name);
  if (!celeba) return await ofFiles(name, withSplits(await listImages(name), folders, onNote));
  const { train, valid } = await listCeleba(celeba);
  const files = [...train, ...valid];
  const heldOut = new Uint8Array(files.length).fill(1, train.length);
  return await ofFiles(name, { files, heldOut, fixedSplit: true });
}

/**
 * Looks a source of clips up: a folder of them, one of them, or an array that NumPy saved.
 *
 * @param onNote receives one sentence on the arrays taken
 * @throws {DataError} when there is nothing that can be used
 */
export async function openClips(
  name: string,
  onNote?: (sentence: string) => void,
): Promise<Source> {
  if (name === "faces" || name === "emoji") {
    throw new DataError(
      `Cannot load clips from ${name}: its pictures don't move; give --data DIR, a folder of GIF or ` +
        `animated PNG files or of folders of numbered frames`,
    );
  }
  const info = await statOf(
    name,
    "a folder of clips, a GIF or animated PNG file, an array of them (.npz or .npy), or what rin " +
      "data prepare made",
  );
  const kind = info.isFile ? knownKind(name) : undefined;
  if (kind === "arrays") return await arraySource(name, true, onNote);
  if (kind === "tar") {
    throw new DataError(
      `Cannot load clips from ${name}: rin can't read them in a tar archive; unpack it, and give ` +
        `the folder`,
    );
  }
  const { clips, leftOut } = await listClips(name);
  const source = await pictureSource(
    name,
    { files: clips, leftOut },
    ({ name, paths }) => paths.map((path) => stateOf(name, path)).join("\n"),
    (picture) => ofPool((pool, index) => pool.decode(clips[index], picture)),
  );
  return { ...source, clips: true };
}

/** @throws {DataError} when there is nothing of that name */
async function statOf(name: string, wanted: string): Promise<Deno.FileInfo> {
  return await Deno.stat(name).catch((thrown) => {
    const found = thrown instanceof Deno.errors.NotFound
      ? "there is no such file or folder"
      : reasonOf(thrown);
    throw new DataError(`Cannot load ${name}: ${found}; give ${wanted}`);
  });
}

function ofFiles(name: string, pictures: Pictures<ImageFile>): Promise<Source> {
  return pictureSource(
    name,
    pictures,
    (file) => stateOf(file.name, file.path),
    (picture) => ofPool((pool, index) => pool.decode(pictures.files[index].path, picture)),
  );
}

const WANTED = "a folder of pictures, a tar archive or an array of them (.npz or .npy), an IDX " +
  "file, or what rin data prepare made";

/** Kinds of files that hold many pictures. */
type FileKind = "arrays" | "tar" | "idx";

/** Enough for the first header of a tar archive. */
const LOOKED_AT = 512;

/** A file's first bytes. @throws {DataError} when it can't be read */
function startOf(name: string): Uint8Array {
  try {
    using file = FileBytes.open(name);
    return file.read(0, LOOKED_AT);
  } catch (thrown) {
    throw new DataError(`Cannot read ${name}: ${reasonOf(thrown)}; check its permissions`);
  }
}

/** Which reader a file is for; undefined where none reads it. @throws {DataError} as startOf */
function knownKind(name: string): FileKind | undefined {
  const start = startOf(name);
  if (isNpy(start) || start[0] === 0x50 && start[1] === 0x4b) return "arrays";
  if (isTar(start)) return "tar";
  if (start[0] === 0x1f && start[1] === 0x8b) return isTar(unpackedStart(name)) ? "tar" : "idx";
  if (start[0] === 0 && start[1] === 0 && !readableFormat(start)) return "idx";
}

/** The first bytes behind gzip; none where it is damaged. */
function unpackedStart(name: string): Uint8Array {
  using file = FileBytes.open(name);
  try {
    return new Inflated(file, "gzip").read(0, LOOKED_AT);
  } catch {
    return new Uint8Array();
  }
}

/**
 * Which reader a file is for. @throws {DataError} naming the kind of a file that no reader reads
 */
function kindOfFile(name: string): FileKind {
  const kind = knownKind(name);
  if (kind) return kind;
  const start = startOf(name).subarray(0, START);
  const single = readableFormat(start) !== undefined;
  const what = start.length === 0 ? "an empty file" : describeFormat(start);
  throw new DataError(
    `Cannot load ${name}: it is ${single ? "a single picture, " : ""}${what}, where ${WANTED} is ` +
      `needed; give ${single ? "the folder that it lies in" : "such a folder or file"}`,
  );
}
