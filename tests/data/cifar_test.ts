// CIFAR's batches: pickles of any Python, and binary records.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { type DataOptions, loadSplits } from "../../src/data/dataset.ts";
import { DataError } from "../../src/data/errors.ts";
import { inMemory } from "../../src/formats/bytes.ts";
import { Inflated } from "../../src/formats/inflated.ts";
import { tarEntries } from "../../src/formats/tar.ts";
import { withFolder, write } from "./scratch.ts";

const ARCHIVE = fileURLToPath(new URL("./fixtures/cifar-10-python.tar.gz", import.meta.url));

/** What tests/data/fixtures/make_cifar.py writes, (3, 32, 32). */
const picture = (n: number) =>
  Uint8Array.from({ length: 3072 }, (_, i) => {
    const [c, y, x] = [i >> 10, i >> 5 & 31, i & 31];
    return 40 * n + 16 * y + 4 * x + 60 * c;
  });

async function load(source: string, root: string, options: Partial<DataOptions> = {}) {
  const notes: string[] = [];
  const onNote = (note: string) => void notes.push(note);
  const labels = { from: "auto" };
  const loaded = await loadSplits({
    source,
    imageSize: 32,
    cache: `${root}/.cache`,
    labels,
    onNote,
    ...options,
  });
  const [train, valid] = await Promise.all([loaded.train, loaded.valid].map(async (set) => {
    const pixels = await set.read(Array.from({ length: set.count }, (_, i) => i));
    return Array.from({ length: set.count }, (_, i) => ({
      pixels: pixels.slice(3072 * i, 3072 * (i + 1)),
      label: set.classNames![set.labels![i]],
    }));
  }));
  loaded.close();
  return { train, valid, notes, classNames: loaded.train.classNames };
}

const pictured = (...pictures: [n: number, label: string][]) =>
  pictures.map(([n, label]) => ({ pixels: picture(n), label }));

const TRAIN = pictured([0, "automobile"], [1, "airplane"], [2, "bird"], [3, "airplane"], [
  4,
  "automobile",
]);
const TEST = pictured([5, "bird"], [6, "automobile"]);

/** Writes the archive's files into a folder. */
async function unpack(folder: string) {
  const bytes = new Inflated(inMemory(await Deno.readFile(ARCHIVE)), "gzip");
  for (const { name, begin, size } of tarEntries(bytes)) {
    await write(`${folder}/${name}`, bytes.read(begin, size));
  }
}

Deno.test("loadSplits() reads CIFAR's batches of Python 2 and 3, packed and unpacked, by its own split", async () => {
  await withFolder(async (root) => {
    await unpack(root);
    for (const source of [ARCHIVE, `${root}/cifar-10-batches-py`]) {
      const { train, valid, notes, classNames } = await load(source, root, { validFraction: 0.5 });
      assertEquals(train, TRAIN);
      assertEquals(valid, TEST);
      assertEquals(classNames, ["airplane", "automobile", "bird"]);
      assertStringIncludes(notes[0], "as CIFAR-10: training on data_batch_1, data_batch_2, ");
      assertStringIncludes(notes[0], "data_batch_4, validating on test_batch");
    }
  });
});

Deno.test("loadSplits() treats a changed or missing batch of CIFAR as other data", async () => {
  await withFolder(async (root) => {
    await unpack(root);
    const folder = `${root}/cifar-10-batches-py`;
    await load(folder, root);
    await Deno.remove(`${folder}/test_batch`);
    await Deno.copyFile(`${folder}/data_batch_3`, `${folder}/data_batch_4`);
    const { train, notes } = await load(folder, root, { validFraction: 0 });
    assertEquals(train, TRAIN.with(4, TRAIN[3]));
    assertStringIncludes(notes[0], "training on data_batch_1");
  });
});

Deno.test("loadSplits() reads CIFAR's binary records, of CIFAR-100 by the fine labels", async () => {
  await withFolder(async (root) => {
    const record = (n: number, ...labels: number[]) => [...labels, ...picture(n)];
    const ten = `${root}/cifar-10-batches-bin`;
    await write(`${ten}/data_batch_1.bin`, Uint8Array.from([record(0, 1), record(1, 0)].flat()));
    await write(`${ten}/test_batch.bin`, Uint8Array.from(record(5, 2)));
    await write(`${ten}/batches.meta.txt`, "airplane\nautomobile\nbird\n\n");
    const found = await load(ten, root);
    assertEquals([found.train, found.valid], [TRAIN.slice(0, 2), TEST.slice(0, 1)]);
    const hundred = `${root}/cifar-100-binary`;
    await write(`${hundred}/train.bin`, Uint8Array.from(record(3, 7, 1)));
    await write(`${hundred}/test.bin`, Uint8Array.from(record(4, 7, 0)));
    await write(`${hundred}/fine_label_names.txt`, "apple\nbear\n");
    const fine = await load(hundred, root);
    assertEquals([fine.train, fine.valid], [pictured([3, "bear"]), pictured([4, "apple"])]);
    await write(`${ten}/test_batch.bin`, Uint8Array.from(record(5, 9)));
    await assertRejects(
      () => load(ten, root),
      DataError,
      "of class 9, where batches.meta.txt names 3",
    );
    await write(`${ten}/data_batch_1.bin`, new Uint8Array(3000));
    await assertRejects(
      () => load(ten, root),
      DataError,
      "3000 bytes are not a whole number of records",
    );
  });
});

Deno.test("loadSplits() names a damaged batch of CIFAR", async () => {
  await withFolder(async (root) => {
    await unpack(root);
    const folder = `${root}/cifar-10-batches-py`;
    const whole = await Deno.readFile(`${folder}/data_batch_2`);
    const fails = async (bytes: Uint8Array, words: string) => {
      await write(`${folder}/data_batch_2`, bytes);
      const error = await assertRejects(() => load(folder, root), DataError, words);
      assertStringIncludes(error.message, `Cannot load ${folder}: data_batch_2 `);
    };
    await fails(whole.slice(0, 1000), "its pickle is truncated; fetch the set again");
    await fails(new TextEncoder().encode("<html>"), "unknown opcode 0x3c");
    // An empty dict, and a list.
    await fails(Uint8Array.of(0x80, 2, 0x7d, 0x2e), "no data of uint8 numbers of shape (N, 3072)");
    await fails(Uint8Array.of(0x80, 2, 0x5d, 0x2e), "its pickle is not a dict");
    const meta = await Deno.readFile(`${folder}/batches.meta`);
    await fails(meta, "no data of uint8 numbers");
    await write(`${folder}/data_batch_2`, whole);
    await write(`${folder}/batches.meta`, Uint8Array.of(0x80, 2, 0x7d, 0x2e));
    await assertRejects(() => load(folder, root), DataError, "it has no names of classes");
  });
});

Deno.test("loadSplits() does not take a lone batch, or folders of the same names, for CIFAR", async () => {
  await withFolder(async (root) => {
    await unpack(root);
    const lone = `${root}/cifar-10-batches-py/data_batch_1`;
    await assertRejects(() => load(lone, root), DataError, "it is a pickle of Python, where");
    for (const name of ["meta", "train", "test"]) {
      await Deno.mkdir(`${root}/x/${name}`, { recursive: true });
    }
    await assertRejects(() => load(`${root}/x`, root), DataError, "it holds no PNG");
  });
});
