/**
 * Finds the classes of a data set's images.
 * @module
 */
import { decodeText } from "../files/read_text.ts";
import { folderOf } from "../files/target.ts";
import { placesOf } from "./celeba.ts";
import { ATTRIBUTE_LISTS, attributeLabels, isAttributeList } from "./celeba_attributes.ts";
import { csvLabels } from "./csv_labels.ts";
import { DataError, reasonOf } from "./errors.ts";
import { parseIdx } from "./idx.ts";
import { type Labels, numberedLabels } from "./labels.ts";
import { describeFormat, readableFormat } from "./picture_format.ts";
import type { PreparedFile } from "./prepared_file.ts";

/** The labels that a user asks for. */
export interface LabelChoice {
  /**
   * "none"; "auto" for labels.csv in the folder, else the first folder in each name, or the labels
   * in the same file or next to an IDX file; or the path of a file: a table of files and classes
   * (CSV), IDX labels, or CelebA's list of attributes.
   */
  readonly from: string;
  /** One of CelebA's attributes, such as "Smiling"; its list is looked for where none is given. */
  readonly attribute?: string;
}

/** Names of tables of files and classes in a folder of pictures. */
const TABLES = ["labels.csv", "labels.tsv"];

/** Labels, and which images have none. */
export interface ChosenLabels {
  readonly labels?: Labels;
  /** (count), 1 for images without a label; absent where all have one. */
  readonly without?: Uint8Array;
}

/**
 * The labels of all images of a prepared file.
 *
 * @param source the file's source, as the user gave it
 * @param onNote receives one sentence on the table found, and its rows that don't fit
 * @returns none where none were requested
 * @throws {DataError} when the requested labels are missing or don't fit
 */
export async function labelsOf(
  file: PreparedFile,
  source: string,
  { from, attribute }: LabelChoice,
  onNote?: (sentence: string) => void,
): Promise<ChosenLabels> {
  if (attribute !== undefined) {
    const path = from === "none" || from === "auto" ? await findAttributes(file, source) : from;
    const text = new TextDecoder().decode(await readLabels(path));
    return { labels: attributeLabels(text, await file.names(), attribute, path) };
  }
  if (from === "none") return {};
  if (from !== "auto") return await labelsFrom(from, file, source, onNote);
  const table = await findTable(file, source);
  if (table !== undefined) {
    onNote?.(`Taking the classes from ${table}`);
    return await labelsFrom(table, file, source, onNote);
  }
  if (file.footer.labels) return { labels: file.footer.labels };
  throw new DataError(
    `Cannot label ${source}: not every image lies in a folder that could name its class, and ` +
      `neither in it nor beside it are labels for all of them; give --labels FILE`,
  );
}

async function labelsFrom(
  path: string,
  file: PreparedFile,
  source: string,
  onNote?: (sentence: string) => void,
): Promise<ChosenLabels> {
  const bytes = await readLabels(path);
  const [first, second, type] = bytes;
  if (first === 0x1f && second === 0x8b || first === 0 && second === 0 && type === 8) {
    return { labels: await idxLabels(bytes, path, file, source) };
  }
  const text = decodeText(bytes);
  if (isAttributeList(text.slice(0, 4000))) {
    throw new DataError(
      `Cannot label by ${path} alone: it lists many attributes; say which with --label-attribute`,
    );
  }
  if (text.includes("\0") || readableFormat(bytes)) {
    throw new DataError(
      `Cannot label by ${path}: it is ${describeFormat(bytes)}, where a table of files and ` +
        `classes, IDX labels or CelebA's attributes are needed; give such a file`,
    );
  }
  const table = csvLabels(text, await file.names(), path, await prefixOf(path, source));
  if (table.note !== undefined) onNote?.(table.note);
  return table;
}

async function idxLabels(
  bytes: Uint8Array,
  path: string,
  file: PreparedFile,
  source: string,
): Promise<Labels> {
  const idx = await parseIdx(bytes, path);
  if (idx.kind !== "labels") {
    throw new DataError(`Cannot label by ${path}: it holds images; give the file of labels`);
  }
  const names = await file.names();
  const other = names.find((name) => !/^\d+$/.test(name));
  if (other !== undefined) {
    throw new DataError(
      `Cannot label ${source} by ${path}: such labels are for numbered images, but ` +
        `one is called ${other}; put images into folders by class, or give a table of files and ` +
        `classes`,
    );
  }
  return numberedLabels(idx.data, names.map(Number), path);
}

async function readLabels(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (thrown) {
    const found = thrown instanceof Deno.errors.NotFound
      ? "there is no such file"
      : reasonOf(thrown);
    throw new DataError(
      `Cannot label by ${path}: ${found}; give none, auto, a table of files and classes, a file of ` +
        `IDX labels or CelebA's ${ATTRIBUTE_LISTS[0]}`,
    );
  }
}

/** The table in the folder of pictures itself. */
async function findTable(file: PreparedFile, source: string): Promise<string | undefined> {
  for (const place of new Set([source, file.footer.facts.source])) {
    for (const name of TABLES) {
      const isFile = await Deno.stat(`${place}/${name}`).then((it) => it.isFile, () => false);
      if (isFile) return `${place}/${name}`;
    }
  }
}

/** The folder of pictures as seen from that of a table, with "/" at its end; else empty. */
async function prefixOf(table: string, source: string): Promise<string> {
  const real = (path: string) => Deno.realPath(path).catch(() => "");
  const [from, to] = await Promise.all([real(folderOf(table)), real(source)]);
  const inside = to.replaceAll("\\", "/").split(`${from.replaceAll("\\", "/")}/`);
  return from !== "" && inside.length === 2 && inside[0] === "" ? `${inside[1]}/` : "";
}

/** The list lies next to CelebA's images. */
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
