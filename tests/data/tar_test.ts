// Tar archives of pictures.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { TarWriter } from "../../cli/files/tar_writer.ts";
import { type DataOptions, loadSplits } from "../../src/data/dataset.ts";
import { DataError } from "../../src/data/errors.ts";
import { mix32 } from "../../src/data/hash.ts";
import { greyPng, greys, withFolder, write } from "./scratch.ts";

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const text = (content: string) => new TextEncoder().encode(content);

async function load(source: string, cache: string, options: Partial<DataOptions> = {}) {
  const notes: string[] = [];
  const onNote = (note: string) => void notes.push(note);
  const { train, valid, leftOut, skipped, close } = await loadSplits({
    source,
    imageSize: 4,
    cache,
    validFraction: 0,
    labels: { from: "auto" },
    onNote,
    ...options,
  });
  const named = (set: typeof train, values: number[]) =>
    values.map((value, i) => `${set.classNames?.[set.labels![i]]} ${value}`);
  const result = {
    train: named(train, await greys(train)),
    valid: named(valid, await greys(valid)),
    classNames: train.classNames,
    leftOut,
    skipped,
    notes,
  };
  close();
  return result;
}

/** Writes an archive as rin sample does. */
async function tar(path: string, files: Record<string, Uint8Array>) {
  const writer = await TarWriter.open(path, true);
  for (const [name, bytes] of Object.entries(files)) await writer.add({ name, bytes });
  await writer.finish();
}

for (const kind of ["ustar", "gnu", "pax"]) {
  Deno.test(`loadSplits() reads Python's ${kind} tar archives, gzipped or not, with folders as classes`, async () => {
    await withFolder(async (root) => {
      const packed = await Deno.readFile(fixture(`python_${kind}.tar.gz`));
      const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
      await write(`${root}/plain.tar`, new Uint8Array(await new Response(plain).arrayBuffer()));
      for (const source of [fixture(`python_${kind}.tar.gz`), `${root}/plain.tar`]) {
        const { train, classNames, leftOut } = await load(source, `${root}/.cache`);
        const more = kind === "ustar" ? [] : ["b 50"];
        assertEquals(train, ["b 10", "b 30", "a 40", ...more]);
        assertEquals(classNames, ["a", "b"]);
        assertEquals(leftOut?.kinds, { ".txt": 1, "no regular file": 1 });
      }
    });
  });
}

Deno.test("loadSplits() reads classes beside pictures in a tar, as rin sample and WebDataset write them", async () => {
  await withFolder(async (root) => {
    const [one, two, three] = await Promise.all([1, 2, 3].map(greyPng));
    const path = `${root}/a.tar`;
    const options = { cache: `${root}/.cache` };
    await tar(path, {
      "x/000000.png": one,
      "x/000000.cls": text("2"),
      "x/000001.png": two,
      "x/000001.cls": text(" 0\n"),
    });
    const numbers = await load(path, options.cache);
    assertEquals([numbers.train, numbers.classNames], [["2 1", "0 2"], ["0", "1", "2"]]);
    assertEquals(numbers.leftOut?.kinds, {});
    // Words; the class comes first here; a name has more than one end.
    await tar(path, { "0.cls": text("owl"), "0.x.png": one, "1.png": two, "1.cls": text("cat") });
    const words = await load(path, options.cache);
    assertEquals([words.train, words.classNames], [["owl 1", "cat 2"], ["cat", "owl"]]);
    // A picture without a class leaves the folders to name them all.
    await tar(path, { "a/0.png": one, "a/0.cls": text("7"), "b/1.png": two });
    const folders = await load(path, options.cache);
    assertEquals([folders.train, folders.leftOut?.kinds], [["a 1", "b 2"], { ".cls": 1 }]);
    await tar(path, { "0.png": one, "0.cls": text("7"), "1.png": three });
    await assertRejects(() => load(path, options.cache), DataError, "not every image lies in");
  });
});

Deno.test("loadSplits() takes train and val of a tar as splits, and names what it can't decode", async () => {
  await withFolder(async (root) => {
    const [one, two, three] = await Promise.all([1, 2, 3].map(greyPng));
    const path = `${root}/a.tar`;
    await tar(path, {
      "val/b/2.png": two,
      "train/b/3": three,
      "train/a/1.png": one,
      "train/a/broken.png": text("hello"),
      "train/._a": one,
    });
    const found = await load(path, `${root}/.cache`, { validFraction: undefined });
    assertEquals([found.train, found.valid], [["b 3", "a 1"], ["b 2"]]);
    assertEquals(found.skipped.map(({ name }) => name), ["train/a/broken.png"]);
    assertStringIncludes(found.notes[0], "training on train, validating on val");
    const asked = await load(path, `${root}/.cache`, { folders: "classes" });
    assertEquals(asked.train, ["val 2", "train 3", "train 1"]);
  });
});

Deno.test("loadSplits() refuses a damaged, cut, or empty tar in one sentence", async () => {
  await withFolder(async (root) => {
    const picture = await greyPng(1);
    const path = `${root}/a.tar`;
    await tar(path, { "0.png": picture, "1.png": picture });
    const whole = await Deno.readFile(path);
    const fails = async (bytes: Uint8Array, words: string, options: Partial<DataOptions> = {}) => {
      await write(path, bytes);
      const none = { labels: { from: "none" }, ...options };
      await assertRejects(() => load(path, `${root}/.cache`, none), DataError, words);
    };
    await fails(whole.slice(0, 1024 + 530), "its tar archive is cut off; fetch or make it again");
    await fails(whole.slice(0, 1024 + 100), "its tar archive is cut off");
    await fails(whole.with(1024 + 3, 77), "its tar archive is damaged at byte 1024");
    // Beyond what is unpacked at a time.
    const noise = Uint8Array.from({ length: 60_000 }, (_, i) => mix32(i));
    await tar(path, { "0.png": picture, "noise.bin": noise, "1.png": picture });
    const gzip = new Blob([await Deno.readFile(path)]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    const packed = new Uint8Array(await new Response(gzip).arrayBuffer());
    for (const bytes of [packed.slice(0, -100), packed.with(-7, ~packed.at(-7)!)]) {
      await fails(bytes, "its packed data are damaged or incomplete; fetch or make it again");
    }
    await fails(whole, "rin can't read them in a tar archive; unpack it", { frames: 4 });
    await tar(path, { "0.txt": text("hello") });
    const without = await Deno.readFile(path);
    await fails(without, "no PNG, JPEG, WebP, BMP or GIF file (1 other files seen: 1 .txt");
    // Two archives, one behind the other, are both read.
    const both = new Uint8Array(2 * whole.length);
    both.set(whole);
    const second = whole.slice();
    second.set(await greyPng(9), 512);
    both.set(second, whole.length);
    await write(path, both);
    const { train } = await load(path, `${root}/.cache`, { labels: { from: "none" } });
    assertEquals(train.length, 2);
    assertEquals(train[0], "undefined 9");
  });
});
