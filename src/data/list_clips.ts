/**
 * The clips of a folder, or of a file.
 * @module
 */
import { moves } from "./decode_clip.ts";
import { readPicture } from "./decode_file.ts";
import { DataError } from "./errors.ts";
import { listPictures } from "./folder.ts";
import { othersOf } from "./gathering.ts";
import type { ClipFile, ImageFile } from "./image_file.ts";
import type { LeftOut } from "./left_out.ts";

/**
 * Lists the clips below a folder. GIF, APNG and moving PNG files are clips. Still pictures (JPEG,
 * WebP, BMP, and PNG files that don't move) that lie directly in one folder are together the frames
 * of a clip, named as the folder, in the order of the numbers in their names ("frame9.png" before
 * "frame10.png"). The first PNG file of a folder decides whether all of them move. A path that is a
 * file is one clip.
 *
 * @returns clips sorted by name, with "/" on every system; the folder's own frames are named "."
 * @throws {DataError} when there is none, a folder can't be read, or one holds both moving and still
 * pictures
 */
export async function listClips(
  path: string,
): Promise<{ readonly clips: readonly ClipFile[]; readonly leftOut?: LeftOut }> {
  if ((await Deno.stat(path)).isFile) {
    const numbered = !moves(readPicture(path));
    return { clips: [{ name: path.split(/[/\\]/).at(-1)!, paths: [path], numbered }] };
  }
  const listing = await listPictures(path);
  const { files, leftOut } = listing;
  const folders = Map.groupBy(files, ({ name }) => name.slice(0, Math.max(0, nameAt(name) - 1)));
  const clips: ClipFile[] = [];
  for (const [folder, inside] of folders) clips.push(...clipsOf(path, folder, inside));
  clips.sort((a, b) => a.name < b.name ? -1 : 1);
  if (clips.length > 0) return { clips, leftOut };
  throw new DataError(
    `Cannot load clips from ${path}: it holds no GIF, PNG or JPEG file (${othersOf(listing)}, ` +
      `folders inside included); give a folder of GIF or animated PNG files, or of folders of ` +
      `numbered frames`,
  );
}

/** The clips that lie directly in a folder. */
function clipsOf(root: string, folder: string, files: readonly ImageFile[]): ClipFile[] {
  const ordered = files.toSorted((a, b) => byNumber(a.name, b.name));
  const firstPng = ordered.find(({ name }) => /\.png$/i.test(name));
  const pngsMove = firstPng !== undefined && moves(readPicture(firstPng.path));
  const moving = pngsMove ? /\.(gif|a?png)$/i : /\.(gif|apng)$/i;
  const [clips, frames] = [true, false].map((wanted) =>
    ordered.filter(({ name }) => moving.test(name) === wanted)
  );
  if (clips.length > 0 && frames.length > 0) {
    throw new DataError(
      `Cannot load clips from ${folder === "" ? root : `${root}/${folder}`}: it holds moving ` +
        `pictures (${nameOf(clips[0])}) and still ones (${
          nameOf(frames[0])
        }); put the frames of a ` +
        `clip into a folder of their own, and take other pictures away`,
    );
  }
  if (frames.length === 0) {
    return clips.map(({ name, path }) => ({ name, paths: [path], numbered: false }));
  }
  return [{ name: folder || ".", paths: frames.map(({ path }) => path), numbered: true }];
}

/** Start of the file's own name. */
function nameAt(name: string): number {
  return name.lastIndexOf("/") + 1;
}

function nameOf({ name }: ImageFile): string {
  return name.slice(nameAt(name));
}

const numeric = new Intl.Collator("en", { numeric: true });

function byNumber(a: string, b: string): number {
  return numeric.compare(a, b) || (a < b ? -1 : 1);
}
