/**
 * Where the classes of a data set's images come from.
 * @module
 */
import { placesOf } from "./celeba.ts";
import { ATTRIBUTE_LISTS, attributeLabels, isAttributeList } from "./celeba_attributes.ts";
import { DataError, reasonOf } from "./errors.ts";
import { parseIdx } from "./idx.ts";
import { type Labels, numberedLabels } from "./labels.ts";
import type { PreparedFile } from "./prepared_file.ts";

/** What was asked for. */
export interface LabelChoice {
  /**
   * "none"; "auto" for the first folder in each name, or for the labels that lie in the same file or
   * beside an IDX file; or the path of a file: IDX labels, or CelebA's list of attributes.
   */
  readonly from: string;
  /** One of CelebA's attributes, such as "Smiling"; its list is looked for where none is given. */
  readonly attribute?: string;
}

/**
 * The labels of all images of a prepared file.
 *
 * @param source what the file was made from, as it was asked for
 * @returns undefined where none were asked for
 * @throws {DataError} when the labels that were asked for aren't there or don't fit
 */
export async function labelsOf(
  file: PreparedFile,
  source: string,
  { from, attribute }: LabelChoice,
): Promise<Labels | undefined> {
  if (attribute !== undefined) {
    const path = from === "none" || from === "auto" ? await findAttributes(file, source) : from;
    const text = new TextDecoder().decode(await readLabels(path));
    return attributeLabels(text, await file.names(), attribute, path);
  }
  if (from === "none") return undefined;
  if (from === "auto") {
    if (file.footer.labels) return file.footer.labels;
    throw new DataError(
      `Cannot label ${source}: not every image lies in a folder that could name its class, and ` +
        `neither in it nor beside it are labels for all of them; give --labels FILE`,
    );
  }
  const bytes = await readLabels(from);
  if (isAttributeList(new TextDecoder().decode(bytes.subarray(0, 4000)))) {
    throw new DataError(
      `Cannot label by ${from} alone: it lists many attributes; say which with --label-attribute`,
    );
  }
  const idx = await parseIdx(bytes, from);
  if (idx.kind !== "labels") {
    throw new DataError(`Cannot label by ${from}: it holds images; give the file of labels`);
  }
  const names = await file.names();
  const other = names.find((name) => !/^\d+$/.test(name));
  if (other !== undefined) {
    throw new DataError(
      `Cannot label ${source} by ${from}: such labels are for images that are numbered, and here ` +
        `is one called ${other}; put images into folders by class, or give --label-attribute`,
    );
  }
  return numberedLabels(idx.data, names.map(Number), from);
}

async function readLabels(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (thrown) {
    const found = thrown instanceof Deno.errors.NotFound
      ? "there is no such file"
      : reasonOf(thrown);
    throw new DataError(
      `Cannot label by ${path}: ${found}; give none, auto, a file of IDX labels or CelebA's ` +
        `${ATTRIBUTE_LISTS[0]}`,
    );
  }
}

/** The list lies where CelebA's images do. */
async function findAttributes(file: PreparedFile, source: string): Promise<string> {
  for (const place of placesOf(source, file.footer.facts.source)) {
    for (const name of ATTRIBUTE_LISTS) {
      if (await Deno.stat(`${place}/${name}`).then(() => true, () => false)) {
        return `${place}/${name}`;
      }
    }
  }
  throw new DataError(
    `Cannot label ${source} by an attribute: there is no ${
      ATTRIBUTE_LISTS[0]
    } in it or beside it; ` +
      `give its path with --labels`,
  );
}
