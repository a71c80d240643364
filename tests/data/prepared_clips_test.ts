import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type DataOptions, loadSplits } from "../../src/data/dataset.ts";
import { DataError } from "../../src/data/errors.ts";
import { prepare } from "../../src/data/prepare.ts";
import { PreparedFile } from "../../src/data/prepared_file.ts";
import type { Source } from "../../src/data/source.ts";
import { greyPng, withFolder, write } from "./scratch.ts";
import { rgb } from "../helpers/rgb.ts";

const LENGTHS = Array.from({ length: 90 }, (_, i) => i === 40 ? 150 : 1 + i * 5 % 13);
const broken = (i: number) => i % 7 === 3;
const GOOD = LENGTHS.flatMap((_, i) => broken(i) ? [] : [i]);
const frame = (clip: number, t: number) => new Array<number>(12).fill((clip * 3 + t) % 251);
const clip = (i: number) =>
  Uint8Array.from(Array.from({ length: LENGTHS[i] }, (_, t) => frame(i, t)).flat());

/** Clips of 2x2; every 7th is broken. `stopAt` fails as a crash does. */
function numbered(stopAt = Infinity): Source & { decoded: number[] } {
  const decoded: number[] = [];
  return {
    decoded,
    name: "numbered",
    clips: true,
    names: LENGTHS.map((_, i) => `${i}.gif`),
    fingerprint: "a",
    fixedSplit: false,
    decoder: () => ({
      capacity: 3,
      decode: (i) => {
        decoded.push(i);
        if (i === stopAt) throw new Error("crash");
        return broken(i)
          ? Promise.reject(new DataError(`${i} is broken`))
          : Promise.resolve(clip(i));
      },
      close: () => {},
    }),
    labels: () => Promise.resolve(undefined),
  };
}

async function contents(path: string) {
  const file = await PreparedFile.open(path);
  try {
    await file.check();
    const { facts, lengths } = file.footer;
    const set = file.set("all", Uint32Array.from(GOOD, (_, i) => i));
    const all = GOOD.map((clip, i) => ({ clip, i }));
    const asked = all.flatMap(({ clip, i }) =>
      Array.from({ length: LENGTHS[clip] }, (_, t) => ({ i, t }))
    );
    const pixels = await set.read(asked.map(({ i }) => i), asked.map(({ t }) => t));
    return { count: facts.count, skipped: facts.skipped.length, lengths, pixels };
  } finally {
    file.close();
  }
}

Deno.test("prepare() keeps every frame of every good clip, in order", async () => {
  await withFolder(async (root) => {
    await prepare(numbered(), `${root}/set`, { picture: rgb(2) });
    const { count, skipped, lengths, pixels } = await contents(`${root}/set`);
    assertEquals([count, skipped], [GOOD.length, LENGTHS.length - GOOD.length]);
    assertEquals(lengths, Uint32Array.from(GOOD, (i) => LENGTHS[i]));
    assertEquals(pixels, Uint8Array.from(GOOD.flatMap((i) => [...clip(i)])));
    const bytes = await Deno.readFile(`${root}/set`);
    for (const part of [bytes.slice(0, 8), bytes.slice(-8)]) {
      assertEquals(new TextDecoder().decode(part), "RINDATA2");
    }
  });
});

Deno.test("prepare() resumes clips after any cut to the same bytes", async () => {
  await withFolder(async (root) => {
    await prepare(numbered(), `${root}/whole`, { picture: rgb(2) });
    const whole = await Deno.readFile(`${root}/whole`);
    const path = `${root}/set`;
    await assertRejects(() => prepare(numbered(80), path, { picture: rgb(2) }), Error, "crash");
    const log = await Deno.readFile(`${path}.part.log`);
    const pixels = await Deno.readFile(`${path}.part`);
    const lines = new TextDecoder().decode(log).trimEnd().split("\n");
    assert(lines.length > 6);
    for (const length of [0, 10, lines[0].length + 1, log.length - 5, log.length]) {
      await Deno.writeFile(`${path}.part`, pixels);
      await Deno.writeFile(`${path}.part.log`, log.slice(0, length));
      const source = numbered();
      await prepare(source, path, { picture: rgb(2) });
      const kept = new TextDecoder().decode(log.slice(0, length)).split("\n").length - 2;
      assertEquals(source.decoded[0], kept > 0 ? JSON.parse(lines[kept]).done : 0, `${length}`);
      assertEquals(await Deno.readFile(path), whole);
      await Deno.remove(path);
    }
  });
});

Deno.test("prepare() repeats only the short last chunk after a kill", async () => {
  for (const clips of [true, false]) {
    await withFolder(async (root) => {
      const make = (crash: boolean): Source & { decoded: number[] } => {
        const source = numbered();
        const images = { clips: undefined, decoder: oneFrame(source) };
        // What finish asks for before it writes is asked for after the last chunk's line.
        const attribution = crash
          ? {
            get attribution(): string {
              throw new Error("crash");
            },
          }
          : {};
        return Object.defineProperties(
          { ...source, ...clips ? {} : images },
          Object.getOwnPropertyDescriptors(attribution),
        );
      };
      await prepare(make(false), `${root}/whole`, { picture: rgb(2) });
      const whole = await Deno.readFile(`${root}/whole`);
      const path = `${root}/set`;
      await assertRejects(() => prepare(make(true), path, { picture: rgb(2) }), Error, "crash");
      // The line of the rest, as finish writes it before the file gets its name.
      const log = (await Deno.readTextFile(`${path}.part.log`)).trimEnd().split("\n");
      const last = JSON.parse(log.at(-1)!);
      const rest = { ...last, ...clips && { lengths: [3] }, skipped: [] };
      await Deno.writeTextFile(`${path}.part.log`, [...log, JSON.stringify(rest), ""].join("\n"));
      await Deno.writeFile(`${path}.part`, new Uint8Array(5000), { append: true });
      const source = make(false);
      await prepare(source, path, { picture: rgb(2) });
      assertEquals(source.decoded[0], last.done);
      assertEquals(await Deno.readFile(path), whole);
    });
  }
});

/** The first frame of each clip, as an image. */
function oneFrame(source: Source): Source["decoder"] {
  return (size) => {
    const decoder = source.decoder(size);
    return { ...decoder, decode: async (i) => (await decoder.decode(i)).slice(0, 12) };
  };
}

Deno.test("PreparedFile finds damage of clips anywhere", async () => {
  await withFolder(async (root) => {
    const path = `${root}/set`;
    await prepare(numbered(), path, { picture: rgb(2) });
    const whole = await Deno.readFile(path);
    for (let at = 8; at < whole.length; at += 61) {
      const bytes = whole.slice();
      bytes[at] ^= 4;
      await Deno.writeFile(path, bytes);
      const { message } = await assertRejects(() => contents(path), DataError);
      assertStringIncludes(message, path);
    }
    // The other version's name at its end makes it another file.
    const bytes = whole.slice();
    bytes[bytes.length - 1] = "1".charCodeAt(0);
    await Deno.writeFile(path, bytes);
    await assertRejects(() => contents(path), DataError, "damaged");
  });
});

Deno.test("prepare() writes images as it did before there were clips", async () => {
  await withFolder(async (root) => {
    const source = { ...numbered(), clips: undefined, names: LENGTHS.map((_, i) => `${i}.png`) };
    await prepare({ ...source, decoder: oneFrame(source) }, `${root}/set`, { picture: rgb(2) });
    const hash = await crypto.subtle.digest("SHA-256", await Deno.readFile(`${root}/set`));
    assertEquals(new Uint8Array(hash).toHex().slice(0, 16), "d38fb237c8f4a98f");
  });
});

/** Loads clips of grey frames: clip `n` of `length` frames is all n + t. */
async function load(
  root: string,
  clips: [n: number, length: number][],
  options: Partial<DataOptions>,
) {
  for (const [n, length] of clips) {
    for (let t = 0; t < length; t++) {
      await write(`${root}/set/k/${n}/${t}.png`, await greyPng(n + t));
    }
  }
  return await loadSplits({
    source: `${root}/set`,
    imageSize: 4,
    frames: 3,
    validFraction: 0,
    cache: `${root}/cache`,
    ...options,
  });
}

Deno.test("loadSplits() takes windows of clips, and names and leaves out short ones", async () => {
  await withFolder(async (root) => {
    const labels = { from: "auto" };
    const { train, skipped, close } = await load(root, [[10, 5], [60, 2], [90, 3]], { labels });
    assertEquals([train.count, train.frames, [...train.room!]], [2, 3, [2, 0]]);
    assertEquals([[...train.labels!], train.classNames], [[0, 0], ["k"]]);
    assertEquals(skipped, [{
      name: "k/60",
      reason: "it has 2 frames, where 3 frames are taken",
    }]);
    const values = async (...asked: Parameters<typeof train.read>) => {
      const bytes = await train.read(...asked);
      return Array.from({ length: bytes.length / 48 }, (_, i) => bytes[i * 48]);
    };
    assertEquals(await values([1, 0, 0], [0, 2, 1]), [90, 91, 92, 12, 13, 14, 11, 12, 13]);
    assertEquals(await values([0]), [10, 11, 12]);
    await assertRejects(() => train.read([0], [3]), RangeError, "window from frame 3 of clip 0");
    await assertRejects(() => train.read([2]), RangeError, "image 2 of a set of 2");
    close();
    // Another number of frames, or every other one of them, needs no decoding.
    let decoded = 0;
    const onProgress = () => decoded++;
    const two = await load(root, [], { frames: 2, frameStride: 2, onProgress });
    assertEquals([two.train.count, [...two.train.room!], decoded], [2, [2, 0], 0]);
    const bytes = await two.train.read([0, 1], [1, 0]);
    assertEquals([0, 1, 2, 3].map((i) => bytes[i * 48]), [11, 13, 90, 92]);
    two.close();
  });
});

Deno.test("loadSplits() refuses images if it needs clips, and clips if it needs images", async () => {
  await withFolder(async (root) => {
    const clips: [number, number][] = [[10, 5], [60, 2]];
    const rejects = (options: Partial<DataOptions>, words: string) =>
      assertRejects(() => load(root, [], options), DataError, words);
    (await load(root, clips, {})).close();
    await rejects({ frames: 6 }, "Cannot take 6 frames of each clip of");
    await rejects({ frames: 6 }, "the longest of its 2 clips has 5; give fewer --frames");
    await rejects({ frames: 3, frameStride: 3 }, "Cannot take 7 frames (3, 3 apart) of each clip");
    await rejects({ source: "faces" }, "its pictures don't move");
    await rejects(
      { source: `${root}/none` },
      "there is no such file or folder; give a folder of clips",
    );
    const [file] = [...Deno.readDirSync(`${root}/cache`)].map(({ name }) => name);
    assertStringIncludes(file, "set-clips-4px-");
    await rejects(
      { source: `${root}/cache/${file}`, frames: 1 },
      "it holds clips; train on them with",
    );
    const images = await load(root, [], { frames: 1 });
    assertEquals([images.train.count, images.train.frames], [7, undefined]);
    images.close();
    await rejects({ source: images.path }, "it holds images; prepare clips with --clips");
    await write(`${root}/set/k/x.gif`, "GIF8, but no more");
    const { skipped, close } = await load(root, [], {});
    assertStringIncludes(JSON.stringify(skipped), "Cannot decode GIF");
    close();
  });
});
