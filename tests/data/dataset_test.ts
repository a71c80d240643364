import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { loadSplits } from "../../src/data/dataset.ts";
import { DataError } from "../../src/data/errors.ts";
import { fnv1a } from "../../src/data/hash.ts";
import { isHeldOut, splitByName, splitEvery20th } from "../../src/data/split.ts";
import { greyPng, greys, withFolder, write } from "./scratch.ts";

const NAMES = Array.from({ length: 2000 }, (_, i) => `${String(i).padStart(6, "0")}.jpg`);
const same = (name: string) => name;

Deno.test("fnv1a: published values", () => {
  assertEquals([fnv1a(""), fnv1a("a"), fnv1a("foobar")], [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

Deno.test("splitByName: disjoint, complete, close to the share, in order", () => {
  for (const [fraction, low, high] of [[0.05, 70, 130], [0.5, 930, 1070]]) {
    const { train, valid } = splitByName(NAMES, same, fraction);
    assertEquals([...train, ...valid].sort(), NAMES);
    assertEquals(valid, [...valid].sort());
    assert(valid.length > low && valid.length < high, `${valid.length}`);
  }
  assertEquals(splitByName(NAMES, same), splitByName(NAMES, same, 0.05));
});

Deno.test("splitByName: adding files moves none, and a larger share only adds to it", () => {
  const few = splitByName(NAMES.slice(0, 500), same, 0.1);
  const many = splitByName(NAMES, same, 0.1);
  assertEquals(few.valid, many.valid.filter((name) => name < NAMES[500]));
  assert(NAMES.every((name) => !isHeldOut(name, 0.05) || isHeldOut(name, 0.1)));
});

Deno.test("splitByName: numbered names aren't held out in a pattern", () => {
  const held = NAMES.flatMap((name, i) => isHeldOut(name, 0.1) ? [i] : []);
  const digits = Array(10).fill(0);
  for (const i of held) digits[i % 10]++;
  assert(Math.min(...digits) > 5 && Math.max(...digits) < 40, `${digits}`);
});

Deno.test("splitByName: a set too small to split serves as both sides", () => {
  const none = NAMES.filter((name) => !isHeldOut(name, 0.05)).slice(0, 8);
  assertEquals(splitByName(none, same, 0.05), { train: none, valid: none });
  assertEquals(splitByName(NAMES, same, 0), { train: NAMES, valid: NAMES });
});

Deno.test("splitEvery20th: the 1st, 21st, 41st", () => {
  const { train, valid } = splitEvery20th(NAMES);
  assertEquals(valid.slice(0, 3), [NAMES[0], NAMES[20], NAMES[40]]);
  assertEquals([...train, ...valid].sort(), NAMES);
});

Deno.test("loadSplits: a folder is split by name, with progress over both sides", async () => {
  await withFolder(async (root) => {
    for (let i = 0; i < 40; i++) await write(`${root}/${NAMES[i]}`, await greyPng(i));
    const seen: number[][] = [];
    const { train, valid } = await loadSplits({
      source: root,
      imageSize: 4,
      validFraction: 0.25,
      onProgress: (done, total) => seen.push([done, total]),
    });
    const held = Array.from({ length: 40 }, (_, i) => i).filter((i) => isHeldOut(NAMES[i], 0.25));
    assert(held.length > 2);
    assertEquals(greys(valid), held);
    assertEquals(valid.names, held.map((i) => NAMES[i]));
    assertEquals(train.count, 40 - held.length);
    assertEquals(seen, Array.from({ length: 40 }, (_, i) => [i + 1, 40]));
    assertEquals(train.attribution, undefined);
  });
});

Deno.test("loadSplits: one picture is enough, decoded once", async () => {
  await withFolder(async (root) => {
    await write(`${root}/one.png`, await greyPng(7));
    const seen: number[][] = [];
    const { train, valid } = await loadSplits({
      source: root,
      imageSize: 4,
      onProgress: (done, total) => seen.push([done, total]),
    });
    assert(train === valid);
    assertEquals(train.count, 1);
    assertEquals(seen, [[1, 1]]);
  });
});

Deno.test("loadSplits: where a side has broken pictures only, the other is both", async () => {
  for (const brokenIsHeldOut of [true, false]) {
    await withFolder(async (root) => {
      for (const name of NAMES.slice(0, 40)) {
        const broken = isHeldOut(name, 0.2) === brokenIsHeldOut;
        await write(`${root}/${name}`, broken ? "not a picture" : await greyPng(7));
      }
      const { train, valid } = await loadSplits({ source: root, imageSize: 4, validFraction: 0.2 });
      assert(train === valid);
      assertEquals([train.name, train.count + train.skipped.length], [root, 40]);
      assert(train.count > 0 && train.skipped.length > 0);
    });
  }
});

Deno.test("loadSplits: an IDX file is split by place, and labels are refused", async () => {
  await withFolder(async (root) => {
    const header = [0, 0, 8, 3, 0, 0, 0, 60, 0, 0, 0, 2, 0, 0, 0, 2];
    const data = Array.from({ length: 60 }, (_, i) => Array(4).fill(i)).flat();
    await write(`${root}/images`, Uint8Array.from([...header, ...data]));
    const { train, valid } = await loadSplits({
      source: `${root}/images`,
      imageSize: 2,
      validFraction: 0.2,
    });
    assertEquals(
      [...greys(train), ...greys(valid)].sort((a, b) => a - b),
      data.filter((_, i) => i % 4 === 0),
    );
    assertEquals(greys(valid).map((i) => String(i).padStart(6, "0")), valid.names);
    assertNotEquals(valid.count, 0);
    await write(`${root}/labels`, Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 1, 5]));
    await assertRejects(
      () => loadSplits({ source: `${root}/labels`, imageSize: 2 }),
      DataError,
      "holds labels",
    );
  });
});

Deno.test("loadSplits: a source or option that makes no sense is told", async () => {
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
