/**
 * The default data set: Twitter's emoji at 64 px, fetched once.
 * @module
 */
import { DataError, reasonOf } from "./errors.ts";
import { type FetchOptions, fetchPackage } from "./fetch_package.ts";
import type { ImageFile } from "./image_file.ts";

/** A picture of the set. */
export interface EmojiFile extends ImageFile {
  /** Its group in Unicode's charts, such as "Food & Drink". */
  readonly category: string;
}

/** The credit that the licence asks for wherever the images, or samples close to them, are shown. */
export const EMOJI_ATTRIBUTION = "Emoji images by Twitter (Twemoji), CC BY 4.0";

/** The emoji to take: the round yellow and costumed faces, or all. */
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
): Promise<EmojiFile[]> {
  const folder = await fetchPackage(PACKAGE, options);
  const categories = new Map<string, string>();
  const present = new Set<string>();
  try {
    for await (const { name } of Deno.readDir(`${folder}/${IMAGES}`)) present.add(name);
    const records: EmojiRecord[] = JSON.parse(await Deno.readTextFile(`${folder}/emoji.json`));
    for (const record of records.filter(subset === "all" ? () => true : isFace)) {
      for (const { image } of [record, ...Object.values(record.skin_variations ?? {})]) {
        categories.set(image, record.category);
      }
    }
  } catch (thrown) {
    throw incomplete(folder, reasonOf(thrown));
  }
  const names = [...categories.keys()].filter((name) => present.has(name)).sort();
  if (names.length !== COUNTS[subset]) {
    throw incomplete(folder, `${names.length} of ${COUNTS[subset]} images are there`);
  }
  return names.map((name) => ({
    name,
    path: `${folder}/${IMAGES}/${name}`,
    category: categories.get(name)!,
  }));
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
  readonly skin_variations?: Readonly<Record<string, { readonly image: string }>>;
}

function isFace({ category, subcategory }: EmojiRecord): boolean {
  return category === "Smileys & Emotion" && subcategory.includes("face") &&
    !NOT_FACES.includes(subcategory);
}
