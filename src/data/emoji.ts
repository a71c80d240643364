/**
 * The default data set: Twitter's emoji at 64 px, fetched once.
 * @module
 */
import { DataError, reasonOf } from "./errors.ts";
import { type FetchOptions, fetchPackage } from "./fetch_package.ts";
import type { ImageFile } from "./image_file.ts";

/** The credit that the licence asks for wherever the images, or samples close to them, are shown. */
export const EMOJI_ATTRIBUTION = "Emoji images by Twitter (Twemoji), CC BY 4.0";

/** What to take: the round yellow and costumed faces, or every emoji. */
export type EmojiSubset = "faces" | "all";

const IMAGES = "img/twitter/64";
const PACKAGE = {
  name: "emoji-datasource-twitter",
  version: "16.0.0",
  keep: ["package.json", "LICENSE", "emoji.json", IMAGES],
} as const;

/** How many images each subset has, in the one version that is used. */
const COUNTS: Record<EmojiSubset, number> = { faces: 118, all: 3786 };

/** Cats and monkeys share the faces' category but have another outline. */
const NOT_FACES = ["cat-face", "monkey-face"];

/**
 * Lists the files of the emoji set, sorted by file name, fetching the set when it isn't there yet.
 *
 * @param subset "faces" for 118 files, "all" for 3,786
 * @throws {DataError} when the set can't be fetched, or was fetched and then tampered with
 */
export async function listEmoji(
  subset: EmojiSubset,
  options: FetchOptions = {},
): Promise<ImageFile[]> {
  const folder = await fetchPackage(PACKAGE, options);
  let names: string[];
  try {
    const present = new Set<string>();
    for await (const { name } of Deno.readDir(`${folder}/${IMAGES}`)) {
      if (name.endsWith(".png")) present.add(name);
    }
    const wanted = subset === "all"
      ? [...present]
      : faceNames(JSON.parse(await Deno.readTextFile(`${folder}/emoji.json`)));
    names = wanted.filter((name) => present.has(name)).sort();
  } catch (thrown) {
    throw incomplete(folder, reasonOf(thrown));
  }
  if (names.length !== COUNTS[subset]) {
    throw incomplete(folder, `${names.length} of ${COUNTS[subset]} images are there`);
  }
  return names.map((name) => ({ name, path: `${folder}/${IMAGES}/${name}` }));
}

function incomplete(folder: string, what: string): DataError {
  return new DataError(
    `Cannot use the emoji set in ${folder}: ${what}; delete that folder and run again to fetch it anew`,
  );
}

/** One line of emoji.json, as far as it matters here. */
interface EmojiRecord {
  readonly category: string;
  readonly subcategory: string;
  readonly image: string;
}

function faceNames(records: readonly EmojiRecord[]): string[] {
  return records
    .filter(({ category, subcategory }) =>
      category === "Smileys & Emotion" && subcategory.includes("face") &&
      !NOT_FACES.includes(subcategory)
    )
    .map(({ image }) => image);
}
