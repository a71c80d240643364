// Arrays of pictures in .npz and .npy files.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { zipSync } from "fflate";
import { type DataOptions, loadSplits } from "../../src/data/dataset.ts";
import { DataError } from "../../src/data/errors.ts";
import { mix32 } from "../../src/data/hash.ts";
import { npyHeader } from "../../src/formats/npy.ts";
import { withFolder, write } from "./scratch.ts";

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

/** What tests/data/fixtures/make_arrays.py writes, (3, 5, 5). */
const picture = (n: number) =>
  Array.from({ length: 75 }, (_, i) => {
    const [c, y, x] = [Math.floor(i / 25), Math.floor(i / 5) % 5, i % 5];
    return (40 * n + 16 * y + 4 * x + 60 * c) % 256;
  });

/** A .npy file. */
const npy = (type: string, shape: number[], bytes: ArrayLike<number>) =>
  Uint8Array.from([...npyHeader(type, shape), ...Array.from(bytes)]);

const count = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
const filled = (shape: number[], value = 7) => npy("|u1", shape, Array(count(shape)).fill(value));

/** An archive, packed or not. */
const npz = (arrays: Record<string, Uint8Array>, level: 0 | 6 = 6) =>
  zipSync(
    Object.fromEntries(Object.entries(arrays).map(([name, file]) => [`${name}.npy`, file])),
    { level },
  );

async function load(source: string, cache: string, options: Partial<DataOptions> = {}) {
  const notes: string[] = [];
  const { train, valid, close, identity } = await loadSplits({
    source,
    imageSize: 5,
    cache,
    validFraction: 0,
    labels: { from: "auto" },
    onNote: (note) => void notes.push(note),
    ...options,
  });
  const pixelsOf = async (set: typeof train) => {
    const bytes = await set.read(Array.from({ length: set.count }, (_, i) => i));
    const each = bytes.length / set.count;
    return Array.from({ length: set.count }, (_, i) => [...bytes.slice(i * each, (i + 1) * each)]);
  };
  const result = {
    train: await pixelsOf(train),
    valid: await pixelsOf(valid),
    labels: train.labels && [...train.labels],
    validLabels: valid.labels && [...valid.labels],
    classNames: train.classNames,
    notes,
    identity,
  };
  close();
  return result;
}

Deno.test("loadSplits() reads pictures and classes that NumPy and rin sample stored", async () => {
  await withFolder(async (root) => {
    const found = await load(fixture("arrays_stored.npz"), root);
    assertEquals(found.train, [0, 1, 2, 3, 4, 5].map(picture));
    assertEquals([found.labels, found.classNames], [[2, 0, 1, 1, 0, 2], ["0", "1", "2"]]);
    assertEquals(found.notes, [
      "Using arr_0 (6, 5, 5, 3) as the pictures and arr_1 as their classes",
    ]);
    // Channels before height and width, in a file of its own.
    const planar = await load(fixture("arrays_planar.npy"), root, { labels: { from: "none" } });
    assertEquals([planar.train, planar.notes], [[0, 1, 2, 3, 4, 5].map(picture), []]);
  });
});

Deno.test("loadSplits() trains on x_train and holds out x_test, packed and gray ones too", async () => {
  await withFolder(async (root) => {
    const found = await load(fixture("arrays_split.npz"), root, { validFraction: 0.5 });
    const grey = (n: number) => Array(3).fill(picture(n).slice(0, 25)).flat();
    assertEquals([found.train, found.valid], [[0, 1, 2, 3].map(grey), [4, 5].map(grey)]);
    assertEquals([found.labels, found.validLabels], [[2, 0, 1, 1], [0, 2]]);
    assertEquals(found.notes, [
      "Using x_train (4, 5, 5) as the pictures to train on and y_train as their classes, x_test " +
      "(2, 5, 5) as the pictures to validate on and y_test as their classes; ignoring mean",
    ]);
    // Gray pictures are padded as those of IDX files are.
    const padded = await load(fixture("arrays_split.npz"), root, { imageSize: 7 });
    assertEquals(padded.train[0].slice(0, 8), [0, 0, 0, 0, 0, 0, 0, 0]);
    assertEquals(padded.train[1].slice(8, 13), picture(1).slice(0, 5));
  });
});

Deno.test("loadSplits() blends an array's opacity on white, and resizes colors like pictures", async () => {
  await withFolder(async (root) => {
    const rgba = [100, 150, 200, 255, 100, 150, 200, 0, 100, 150, 200, 51, 0, 0, 0, 255];
    await write(`${root}/a.npy`, npy("|u1", [1, 2, 2, 4], rgba));
    const options = { imageSize: 2, labels: { from: "none" } };
    const { train: [pixels] } = await load(`${root}/a.npy`, root, options);
    assertEquals(pixels.slice(0, 4), [100, 255, 224, 0]);
    assertEquals(pixels.slice(8), [200, 255, 244, 0]);
    await write(`${root}/b.npy`, filled([1, 4, 4, 3], 9));
    const { train: [larger] } = await load(`${root}/b.npy`, root, { ...options, imageSize: 6 });
    assertEquals(larger, Array(108).fill(9));
  });
});

Deno.test("loadSplits() reads an array of clips as clips", async () => {
  await withFolder(async (root) => {
    const frames = Array.from({ length: 2 * 3 * 48 }, (_, i) => Math.floor(i / 48));
    await write(`${root}/a.npz`, npz({ arr_0: npy("|u1", [2, 3, 4, 4, 3], frames) }));
    const options = { imageSize: 4, labels: { from: "none" } };
    const { train } = await load(`${root}/a.npz`, root, { ...options, frames: 3 });
    assertEquals(train.map((clip) => [clip[0], clip[48], clip[143]]), [[0, 1, 2], [3, 4, 5]]);
    await assertRejects(() => load(`${root}/a.npz`, root, options), DataError, "with --frames");
    await write(`${root}/b.npz`, npz({ arr_0: filled([2, 4, 4, 3]) }));
    await assertRejects(
      () => load(`${root}/b.npz`, root, { ...options, frames: 3 }),
      DataError,
      "is none of clips",
    );
  });
});

Deno.test("loadSplits() chooses arrays by name if shapes don't decide, and refuses unclear ones", async () => {
  await withFolder(async (root) => {
    let made = 0;
    const note = async (arrays: Record<string, Uint8Array>) => {
      const path = `${root}/${made++}.npz`;
      await write(path, npz(arrays));
      const { notes, labels } = await load(path, root, { labels: { from: "none" } });
      assertEquals(labels, undefined);
      return notes[0];
    };
    const fails = async (arrays: Record<string, Uint8Array>, words: string) => {
      const error = await assertRejects(() => note(arrays), DataError, words);
      assertStringIncludes(error.message, `Cannot load ${root}/`);
    };
    const [rgb, masks] = [filled([2, 4, 4, 3]), filled([2, 4, 4])];
    assertStringIncludes(await note({ masks, images: rgb }), "Using images (2, 4, 4, 3) as");
    await fails({ masks, photos: rgb }, "masks (uint8 (2, 4, 4)), photos (uint8 (2, 4, 4, 3))");
    const floats = npy("<f4", [2, 4, 4, 3], Array(4 * 96).fill(0));
    assertStringIncludes(await note({ features: floats, photos: rgb }), "ignoring features");
    // The mask must not be taken because the pictures can't be.
    await fails({ masks, images: floats }, "images of shape (2, 4, 4, 3) holds float32");
    await fails({ x_train: rgb, images: rgb }, "several of its arrays could be the pictures");
    const val = filled([1, 4, 4, 3]);
    const three = { train_images: rgb, val_images: val, test_images: val };
    assertStringIncludes(await note(three), "val_images (1, 4, 4, 3) as the pictures to validate");
    assertStringIncludes(await note(three), "ignoring test_images");
    // Labels that are none, or not clear.
    const numbers = (...values: number[]) => npy("|i1", [values.length], values);
    const left = async (name: string, labels: Uint8Array) =>
      assertStringIncludes(await note({ images: rgb, [name]: labels }), `; ignoring ${name}`);
    await left("labels", npy("<f4", [2], Array(8)));
    await left("labels", npy("|u1", [2, 3], Array(6)));
    await left("labels", numbers(0, -1));
    await left("other", numbers(0, 1));
    assertStringIncludes(
      await note({ images: rgb, y: numbers(0, 1), labels: numbers(1, 1) }),
      "ignoring y, labels",
    );
    await fails({ images: rgb, y: numbers(0, 1, 1) }, "y has 3 labels, where images has 2");
  });
});

Deno.test("loadSplits() refuses an unusable array in one sentence", async () => {
  await withFolder(async (root) => {
    const options = { labels: { from: "none" } };
    const fails = async (name: string, file: Uint8Array, words: string) => {
      await write(`${root}/${name}`, file);
      const error = await assertRejects(
        () => load(`${root}/${name}`, root, options),
        DataError,
        words,
      );
      assertEquals(error.message.split("\n").length, 1);
    };
    const npyFails = (type: string, shape: number[], words: string) =>
      fails("a.npy", npy(type, shape, []), words);
    await npyFails("|O", [4, 8, 8, 3], "holds Python objects");
    await npyFails("|O", [4], "its array a holds Python objects");
    await npyFails("<f8", [4, 8, 8, 3], "holds float64, where pictures are uint8, 0 to 255");
    await npyFails("<i8", [4, 8, 8], "holds int64");
    await npyFails("|u1", [0, 8, 8, 3], "is empty");
    await npyFails("|u1", [4, 8, 8, 5], "no axis of 1, 3 or 4 channels");
    await npyFails("|u1", [2, 3, 3, 3], "channels first or last");
    await npyFails("|u1", [1, 20000, 20000, 3], "120 megapixels");
    await npyFails("|u1", [4, 192], "there is a (uint8 (4, 192))");
    await npyFails("|u1", [4, 8, 8, 3], "needs 768 bytes, where 0 are there");
    const fortran = new TextDecoder("latin1").decode(filled([2, 4, 4, 3]))
      .replace("False", "True ");
    const bytes = Uint8Array.from(fortran, (c) => c.charCodeAt(0));
    bytes[0] = 0x93;
    await fails("b.npy", bytes, "is in Fortran order; save what np.ascontiguousarray makes");
    await fails(
      "c.npz",
      npz({ a: Uint8Array.of(1, 2, 3) }),
      "its array a does not begin as a .npy",
    );
    await fails("d.npz", zipSync({ "a.png": new Uint8Array(9) }), "without an array of NumPy");
    const whole = npz({ images: filled([9, 8, 8, 3]) }, 0);
    await fails("e.npz", whole.slice(0, -40), "truncated: its zip archive has no directory");
  });
});

Deno.test("loadSplits() refuses a damaged array, packed or not", async () => {
  await withFolder(async (root) => {
    const noise = Array.from({ length: 40 * 1200 }, (_, i) => mix32(i) & 255);
    for (const level of [0, 6] as const) {
      const file = npz({ images: npy("|u1", [40, 20, 20, 3], noise) }, level);
      file.fill(0, 30000, 30400);
      await write(`${root}/a.npz`, file);
      await assertRejects(
        () => load(`${root}/a.npz`, root, { imageSize: 4, labels: { from: "none" } }),
        DataError,
        "none of its 40 image files can be decoded, the first being 000000 (its checksum is",
      );
    }
  });
});

Deno.test("loadSplits() treats a rewritten array file as other data", async () => {
  await withFolder(async (root) => {
    const path = `${root}/a.npz`;
    const options = { imageSize: 4, labels: { from: "none" } };
    await write(path, npz({ arr_0: filled([2, 4, 4, 3], 1) }));
    const first = await load(path, root, options);
    await write(path, npz({ arr_0: filled([2, 4, 4, 3], 2) }));
    await Deno.utime(path, 1, 1);
    const second = await load(path, root, options);
    assertEquals([first.train[0][0], second.train[0][0]], [1, 2]);
    assertEquals(first.identity!.pixels === second.identity!.pixels, false);
  });
});
