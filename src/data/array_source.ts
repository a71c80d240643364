/**
 * Arrays of pictures, as NumPy saves them, as a data source.
 * @module
 */
import { exactly } from "../formats/bytes.ts";
import { FormatError } from "../formats/format_error.ts";
import { shapeText, wholeNumbers } from "../formats/npy.ts";
import { ArrayFile, type StoredArray } from "./array_file.ts";
import { arrayPixels, bytesOf } from "./array_layout.ts";
import { type ArrayPart, chooseArrays, type ChosenArrays } from "./choose_arrays.ts";
import { DECODERS } from "./decode_image.ts";
import { DataError, reasonOf } from "./errors.ts";
import { hexHash, stateOf } from "./fingerprint.ts";
import { idxName } from "./idx.ts";
import { noClass, numberedLabels } from "./labels.ts";
import type { Decoder, Source } from "./source.ts";
import type { StoredPicture } from "./resize.ts";

/**
 * The pictures, or clips, in a .npz or .npy file. They are read one by one, so that the array need
 * not fit in memory.
 *
 * @param onNote receives one sentence on the arrays taken
 * @throws {DataError} when the file is damaged, or it isn't clear which arrays to take
 */
export async function arraySource(
  name: string,
  clips: boolean,
  onNote?: (sentence: string) => void,
): Promise<Source> {
  using file = openArrays(name);
  const chosen = chooseArrays(name, file.arrays, clips);
  for (const { pictures } of chosen.parts) expectWhole(name, file, pictures);
  const { numbers, refused } = labelsIn(name, file, chosen.parts);
  if (file.arrays.length > 1) onNote?.(noteOf(file, chosen, numbers !== undefined, refused));
  const { parts } = chosen;
  const places = parts.flatMap((part, i) =>
    Array.from({ length: part.layout.count }, (_, index) => ({ part, index, held: i }))
  );
  const split = parts.length > 1;
  const names = places.map(({ index, held }) =>
    split ? `${held ? "valid" : "train"}/${idxName(index)}` : idxName(index)
  );
  return {
    name,
    ...clips && { clips },
    names,
    fingerprint: await hexHash(
      `decoders ${DECODERS}\n${stateOf("arrays", name)}\n${JSON.stringify(parts)}`,
    ),
    ...split && { heldOut: Uint8Array.from(places, ({ held }) => held) },
    fixedSplit: split,
    decoder: (picture) => decoderOf(name, places, picture),
    labels: (indices) => Promise.resolve(numbers && numberedLabels(numbers, indices, name)),
  };
}

function openArrays(name: string): ArrayFile {
  try {
    return ArrayFile.open(name);
  } catch (thrown) {
    if (thrown instanceof DataError) throw thrown;
    throw new DataError(`Cannot read ${name}: ${reasonOf(thrown)}; check its permissions`);
  }
}

/** Work that is done once, on the first call. */
function lazily<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => done ??= work();
}

function decoderOf(
  name: string,
  places: readonly { readonly part: ArrayPart; readonly index: number }[],
  picture: StoredPicture,
): Decoder {
  const file = openArrays(name);
  const used = [...new Set(places.map(({ part }) => part.pictures))];
  const checked = lazily(() => Promise.all(used.map((array) => file.get(array).check())));
  return {
    capacity: 1,
    async decode(at) {
      await checked();
      const { part: { pictures, layout }, index } = places[at];
      const { bytes, begin } = file.get(pictures);
      const length = bytesOf(layout);
      return arrayPixels(layout, exactly(bytes, begin + index * length, length), picture);
    },
    close: () => file[Symbol.dispose](),
  };
}

/** @throws {DataError} when the file holds fewer numbers than the array's shape calls for, or more */
function expectWhole(source: string, file: ArrayFile, name: string): void {
  const { type, shape, size, begin } = file.get(name);
  const needed = shape.reduce((product, n) => product * n, Number(type.slice(2)));
  if (size - begin === needed) return;
  throw new DataError(
    `Cannot load ${source}: its array ${name} of shape ${
      shapeText(shape)
    } needs ${needed} bytes, ` +
      `where ${size - begin} are there; the file is damaged or incomplete, fetch or save it again`,
  );
}

/** The classes of all pictures, or the label that can't be one. */
function labelsIn(
  source: string,
  file: ArrayFile,
  parts: readonly ArrayPart[],
): { readonly numbers?: number[]; readonly refused?: string } {
  const all: number[][] = [];
  for (const { labels: name } of parts) {
    if (name === undefined) return {};
    expectWhole(source, file, name);
    const numbers = numbersOf(source, file.get(name));
    const wrong = noClass(numbers);
    if (wrong !== undefined) return { refused: `${name}, because its ${wrong} is not a class` };
    all.push(numbers);
  }
  return { numbers: all.flat() };
}

function numbersOf(source: string, { name, type, bytes, begin, size }: StoredArray): number[] {
  try {
    return wholeNumbers(type, exactly(bytes, begin, size - begin))!;
  } catch (thrown) {
    if (!(thrown instanceof FormatError)) throw thrown;
    throw new DataError(
      `Cannot load ${source}: its array ${name} can't be read: ${thrown.message}; fetch or save ` +
        `the file again`,
    );
  }
}

function noteOf(
  file: ArrayFile,
  { parts, unused }: ChosenArrays,
  labelled: boolean,
  refused?: string,
): string {
  const said = parts.map(({ pictures, labels, layout: { frames } }, i) => {
    const what = frames > 1 ? "clips" : "pictures";
    const use = parts.length === 1 ? "" : i === 0 ? " to train on" : " to validate on";
    const classes = labelled ? ` and ${labels} as their classes` : "";
    return `${pictures} ${shapeText(file.get(pictures).shape)} as the ${what}${use}${classes}`;
  });
  const left = [...unused, ...refused === undefined ? [] : [refused]];
  return `Using ${said.join(", ")}${left.length > 0 ? `; ignoring ${left.join(", ")}` : ""}`;
}
