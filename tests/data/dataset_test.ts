import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { type DataOptions, loadSplits } from "../../src/data/dataset.ts";
import { DataError } from "../../src/data/errors.ts";
import { fnv1a } from "../../src/data/hash.ts";
import { prepare } from "../../src/data/prepare.ts";
import { hexHash } from "../../src/data/fingerprint.ts";
import { openSource } from "../../src/data/open_source.ts";
import { isHeldOut } from "../../src/data/split.ts";
import { greyPng, greys, withFolder, write } from "./scratch.ts";
import { rgb } from "../helpers/rgb.ts";
import { writePng } from "./png_writer.ts";

const NAMES = Array.from({ length: 2000 }, (_, i) => `${String(i).padStart(6, "0")}.jpg`);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

Deno.test("fnv1a() gives the published values", () => {
  assertEquals([fnv1a(""), fnv1a("a"), fnv1a("foobar")], [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

Deno.test("isHeldOut() holds out about the share, and a larger share only adds to it", () => {
  for (const [fraction, low, high] of [[0.05, 70, 130], [0.5, 930, 1070]]) {
    const held = NAMES.filter((name) => isHeldOut(name, fraction)).length;
    assert(held > low && held < high, `${held}`);
  }
  assert(NAMES.every((name) => !isHeldOut(name, 0.05) || isHeldOut(name, 0.1)));
  assert(!NAMES.some((name) => isHeldOut(name, 0)));
});

Deno.test("isHeldOut() never changes, because runs resume on other machines", () => {
  const held = NAMES.flatMap((name, i) => isHeldOut(name, 0.01) ? [i] : []);
  assertEquals(held.slice(0, 4), [113, 129, 167, 186]);
});

Deno.test("isHeldOut() holds out numbered names without a pattern", () => {
  const held = NAMES.flatMap((name, i) => isHeldOut(name, 0.1) ? [i] : []);
  const digits = Array(10).fill(0);
  for (const i of held) digits[i % 10]++;
  assert(Math.min(...digits) > 5 && Math.max(...digits) < 40, `${digits}`);
});

/** Loads a folder, with the prepared files in a hidden folder inside it. */
function load(root: string, options: Partial<DataOptions> = {}) {
  return loadSplits({ source: root, imageSize: 4, cache: `${root}/.cache`, ...options });
}

Deno.test("loadSplits() splits a folder by name, with progress over both sides", async () => {
  await withFolder(async (root) => {
    for (let i = 0; i < 40; i++) await write(`${root}/${NAMES[i]}`, await greyPng(i));
    const seen: number[][] = [];
    const { train, valid, attribution, close } = await load(root, {
      validFraction: 0.25,
      onProgress: (done, total) => seen.push([done, total]),
    });
    const held = range(40).filter((i) => isHeldOut(NAMES[i], 0.25));
    assert(held.length > 2);
    assertEquals(await greys(valid), held);
    assertEquals(await greys(train), range(40).filter((i) => !held.includes(i)));
    assertEquals(seen, Array.from({ length: 41 }, (_, i) => [i, 40]));
    assertEquals(attribution, undefined);
    close();
  });
});

Deno.test("loadSplits() moves no picture between the splits when files are added", async () => {
  await withFolder(async (root) => {
    const sides = async () => {
      const { train, valid, close } = await load(root, { validFraction: 0.25 });
      const found = [await greys(train), await greys(valid)];
      close();
      return found;
    };
    for (let i = 0; i < 60; i += 2) await write(`${root}/${NAMES[i]}`, await greyPng(i));
    const [train, valid] = await sides();
    for (let i = 1; i < 60; i += 2) await write(`${root}/${NAMES[i]}`, await greyPng(i));
    const [moreTrain, moreValid] = await sides();
    assertEquals([moreTrain.length + moreValid.length, train.length + valid.length], [60, 30]);
    assertEquals(moreTrain.filter((i) => i % 2 === 0), train);
    assertEquals(moreValid.filter((i) => i % 2 === 0), valid);
  });
});

Deno.test("loadSplits() uses a single picture for both sides", async () => {
  await withFolder(async (root) => {
    await write(`${root}/one.png`, await greyPng(7));
    const { train, valid, close } = await load(root);
    assert(train === valid);
    assertEquals(await greys(train), [7]);
    close();
  });
});

Deno.test("loadSplits() decodes nothing the second time, unless a file changed", async () => {
  await withFolder(async (root) => {
    for (let i = 0; i < 9; i++) await write(`${root}/${NAMES[i]}`, await greyPng(i));
    const run = async (options: Partial<DataOptions> = {}) => {
      let calls = 0;
      const { train, path, close } = await load(root, {
        validFraction: 0,
        onProgress: () => calls++,
        ...options,
      });
      const found = await greys(train);
      close();
      return { found, calls, path };
    };
    const first = await run();
    assertEquals(await run(), { ...first, calls: 0 });
    await write(`${root}/${NAMES[4]}`, await greyPng(200));
    const changed = await run();
    assertEquals([changed.found[4], changed.calls, changed.path], [200, 10, first.path]);
    await Deno.remove(`${root}/${NAMES[0]}`);
    assertEquals((await run()).found, changed.found.slice(1));
    // Another size is another file, and a damaged file is made again.
    assert((await run({ imageSize: 2 })).path !== first.path);
    await Deno.truncate(first.path, 100);
    assertEquals((await run()).found, changed.found.slice(1));
    assertEquals((await run()).calls, 0);
  });
});

Deno.test("loadSplits() remakes what older decoders left in the cache, but keeps what was asked for", async () => {
  await withFolder(async (root) => {
    const picture = `${root}/${NAMES[0]}`;
    await write(picture, await greyPng(9));
    const { size, mtime } = await Deno.stat(picture);
    // As they were before pictures were turned by their EXIF data: without the decoders' version.
    const fingerprint = await hexHash(`${NAMES[0]} ${size} ${mtime!.getTime()}`);
    const older = {
      ...await openSource(root),
      fingerprint,
      decoder: () => ({
        capacity: 1,
        decode: () => Promise.resolve(new Uint8Array(48).fill(5)),
        close: () => {},
      }),
    };
    const { path, close } = await load(root);
    close();
    await Deno.remove(path);
    for (const place of [path, `${root}/own.rindata`]) {
      await prepare(older, place, { picture: rgb(4) });
    }
    const found = async (source: string) => {
      const { train, close } = await load(root, { source });
      const values = await greys(train);
      close();
      return values;
    };
    assertEquals(await found(root), [9]);
    assertEquals(await found(`${root}/own.rindata`), [5]);
  });
});

Deno.test("loadSplits() uses one side for both if the other has only broken pictures", async () => {
  for (const brokenIsHeldOut of [true, false]) {
    await withFolder(async (root) => {
      for (const name of NAMES.slice(0, 40)) {
        const broken = isHeldOut(name, 0.2) === brokenIsHeldOut;
        await write(`${root}/${name}`, broken ? "not a picture" : await greyPng(7));
      }
      const { train, valid, skipped, close } = await load(root, { validFraction: 0.2 });
      assert(train === valid);
      assertEquals([train.name, train.count + skipped.length], [root, 40]);
      assert(train.count > 0 && skipped.length > 0);
      close();
    });
  }
});

Deno.test("loadSplits() splits an IDX file by place, and refuses labels", async () => {
  await withFolder(async (root) => {
    const header = [0, 0, 8, 3, 0, 0, 0, 60, 0, 0, 0, 2, 0, 0, 0, 2];
    const data = Array.from({ length: 60 }, (_, i) => Array(4).fill(i)).flat();
    await write(`${root}/images`, Uint8Array.from([...header, ...data]));
    const options = { cache: `${root}/.cache`, imageSize: 2, validFraction: 0.2 };
    const { train, valid, close } = await loadSplits({ source: `${root}/images`, ...options });
    const held = range(60).filter((i) => isHeldOut(String(i).padStart(6, "0"), 0.2));
    assertEquals(await greys(valid), held);
    assertEquals(await greys(train), range(60).filter((i) => !held.includes(i)));
    assertNotEquals(valid.count, 0);
    close();
    await write(`${root}/labels`, Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 1, 5]));
    await assertRejects(
      () => loadSplits({ source: `${root}/labels`, ...options }),
      DataError,
      "holds labels",
    );
    await write(`${root}/none`, Uint8Array.from([0, 0, 8, 3, ...Array(12).fill(0)]));
    await assertRejects(
      () => loadSplits({ source: `${root}/none`, ...options }),
      DataError,
      "holds no images",
    );
  });
});

Deno.test("loadSplits() decodes gray and opacity, sides that differ, each into a file of its own", async () => {
  await withFolder(async (root) => {
    const png = { width: 2, height: 1, depth: 8, colourType: 6 };
    await write(
      `${root}/a.png`,
      await writePng({ ...png, samples: [255, 0, 0, 255, 0, 0, 200, 51] }),
    );
    const options = { source: root, cache: `${root}/.cache`, imageSize: "2x1" } as const;
    const found = async (channels?: 1 | 3 | 4) => {
      const { train, identity, path, close } = await loadSplits({ ...options, channels });
      const pixels = [...await train.read([0])];
      close();
      return { pixels, identity, path, train };
    };
    const [gray, plain, alpha] = [await found(1), await found(), await found(4)];
    // The second pixel on white is (204, 204, 244).
    assertEquals(gray.pixels, [76, 209]);
    assertEquals(plain.pixels, [255, 204, 0, 204, 0, 244]);
    assertEquals(alpha.pixels, [255, 0, 0, 0, 0, 200, 255, 51]);
    assertEquals([gray, plain, alpha].map(({ train }) => train.channels), [1, 3, 4]);
    assertEquals(alpha.train.imageSize, "2x1");
    assertEquals(new Set([gray, plain, alpha].map(({ path }) => path)).size, 3);
    assertNotEquals(alpha.identity!.pixels, plain.identity!.pixels);
    const prepared = { ...options, source: alpha.path };
    await assertRejects(
      () => loadSplits(prepared),
      DataError,
      "with 3 channels: its images were prepared with 4; prepare it again with --channels 3, or " +
        "train with --channels 4",
    );
    await assertRejects(
      () => loadSplits({ ...prepared, channels: 4, imageSize: "1x2" }),
      DataError,
      "at image size 1x2: its images were prepared at 2x1",
    );
    const { train, close } = await loadSplits({ ...prepared, channels: 4 });
    assertEquals([...await train.read([0])], alpha.pixels);
    close();
    await assertRejects(() => found(2 as 1), DataError, "with 2 channels: expected 1 (gray)");
  });
});

Deno.test("loadSplits() refuses a source or option that makes no sense", async () => {
  const rejects = (options: Partial<Parameters<typeof loadSplits>[0]>, words: string) =>
    assertRejects(
      () => loadSplits({ source: "faces", imageSize: 8, ...options }),
      DataError,
      words,
    );
  await rejects({ source: "./no/such/place" }, "there is no such file or folder");
  await rejects({ imageSize: 0 }, "image size 0");
  await rejects({ imageSize: 32.5 }, "image size 32.5");
  await rejects({ validFraction: 1 }, "share of 1");
  await rejects({ validFraction: NaN }, "share of NaN");
});
