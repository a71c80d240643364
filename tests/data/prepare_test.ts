import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DataError } from "../../src/data/errors.ts";
import { prepare } from "../../src/data/prepare.ts";
import { PreparedFile } from "../../src/data/prepared_file.ts";
import { concat } from "../../src/data/prepared_format.ts";
import type { Source } from "../../src/data/source.ts";
import { diskCalls } from "../helpers/disk_calls.ts";
import { withFolder } from "./scratch.ts";
import { rgb } from "../helpers/rgb.ts";

const COUNT = 300;

/** Images of 2x2, number i being all i % 251; every 7th is broken. `stopAt` fails as a crash does. */
function numbered(stopAt = Infinity, fingerprint = "a"): Source & { decoded: number[] } {
  const decoded: number[] = [];
  return {
    decoded,
    name: "numbered",
    names: Array.from({ length: COUNT }, (_, i) => `${i % 2 ? "odd" : "even"}/${i}.png`),
    fingerprint,
    fixedSplit: false,
    attribution: "By nobody",
    decoder: () => ({
      capacity: 3,
      decode: async (i) => {
        decoded.push(i);
        // Out of order, as workers answer.
        for (let n = 0; n < i * 7 % 5; n++) await Promise.resolve();
        if (i % 7 === 3) throw new DataError(`${i} is broken`);
        return new Uint8Array(12).fill(i % 251);
      },
      close: () => {},
    }),
    labels: (indices) => {
      if (stopAt < COUNT) throw new Error("crash");
      return Promise.resolve({
        values: Uint32Array.from(indices, (i) => i % 2),
        classNames: ["even", "odd"],
      });
    },
  };
}

const GOOD = Array.from({ length: COUNT }, (_, i) => i).filter((i) => i % 7 !== 3);

async function contents(path: string) {
  const file = await PreparedFile.open(path);
  await file.check();
  const set = file.set("all", Uint32Array.from(GOOD, (_, i) => i), file.footer.labels);
  const pixels = await set.read(GOOD.map((_, i) => i));
  const found = { facts: file.footer.facts, names: await file.names(), pixels, labels: set.labels };
  file.close();
  return found;
}

Deno.test("prepare() keeps good images in order, with names, labels, credit, and what it left out", async () => {
  await withFolder(async (root) => {
    const path = `${root}/new/set.rindata`;
    const told: number[] = [];
    await prepare(numbered(), path, { picture: rgb(2), onProgress: (done) => told.push(done) });
    const { facts, names, pixels, labels } = await contents(path);
    assertEquals(pixels, Uint8Array.from(GOOD.flatMap((i) => Array(12).fill(i % 251))));
    assertEquals(names, GOOD.map((i) => `${i % 2 ? "odd" : "even"}/${i}.png`));
    assertEquals(labels, Uint32Array.from(GOOD, (i) => i % 2));
    assertEquals([facts.count, facts.attribution, facts.classNames], [
      GOOD.length,
      "By nobody",
      ["even", "odd"],
    ]);
    assertEquals(facts.skipped.length, COUNT - GOOD.length);
    assertEquals(facts.skipped[0], { name: "odd/3.png", reason: "3 is broken" });
    assertEquals(told, Array.from({ length: COUNT + 1 }, (_, i) => i));
    assertEquals([...Deno.readDirSync(`${root}/new`)].map(({ name }) => name), ["set.rindata"]);
  });
});

Deno.test("prepare() resumes after any cut to the same bytes, and repeats no chunk", async () => {
  await withFolder(async (root) => {
    await prepare(numbered(), `${root}/whole`, { picture: rgb(2) });
    const whole = await Deno.readFile(`${root}/whole`);
    const path = `${root}/set`;
    await assertRejects(() => prepare(numbered(0), path, { picture: rgb(2) }), Error, "crash");
    const [pixels, log] = await Promise.all(
      [".part", ".part.log"].map((end) => Deno.readFile(path + end)),
    );
    const lines = new TextDecoder().decode(log).trimEnd().split("\n");
    assertEquals(lines.length, 1 + Math.floor(GOOD.length / 64));
    // A kill leaves any part of the last line, and pixels beyond the last whole one.
    for (const length of [0, 10, lines[0].length + 1, log.length - 5, log.length]) {
      await Deno.writeFile(`${path}.part`, concat([pixels, new Uint8Array(99_999).fill(7)]));
      await Deno.writeFile(`${path}.part.log`, log.slice(0, length));
      const source = numbered();
      await prepare(source, path, { picture: rgb(2) });
      const kept = new TextDecoder().decode(log.slice(0, length)).split("\n").length - 2;
      const done = kept > 0 ? JSON.parse(lines[kept]).done : 0;
      assertEquals(Math.min(...source.decoded), done, `${length}`);
      assertEquals(await Deno.readFile(path), whole);
      await Deno.remove(path);
    }
    // Pixels that never reached the disk.
    await Deno.writeFile(`${path}.part`, pixels.slice(0, 500));
    await Deno.writeFile(`${path}.part.log`, log);
    await prepare(numbered(), path, { picture: rgb(2) });
    assertEquals(await Deno.readFile(path), whole);
  });
});

Deno.test("prepare() starts over if files or filter changed", async () => {
  await withFolder(async (root) => {
    const path = `${root}/set`;
    await assertRejects(() => prepare(numbered(0), path, { picture: rgb(2) }), Error, "crash");
    const bicubic = numbered();
    await prepare(bicubic, path, { picture: { ...rgb(2), resize: "bicubic" } });
    assertEquals(bicubic.decoded.length, COUNT);
    await assertRejects(() => prepare(numbered(0), path, { picture: rgb(2) }), Error, "crash");
    const source = numbered(Infinity, "b");
    await prepare(source, path, { picture: rgb(2) });
    assertEquals(source.decoded.length, COUNT);
    assertEquals((await contents(path)).facts.fingerprint, "b");
  });
});

Deno.test("prepare() syncs each chunk, and all of them before the name", async () => {
  await withFolder(async (root) => {
    const calls = await diskCalls(() => prepare(numbered(), `${root}/set`, { picture: rgb(2) }));
    const chunks = Array(Math.ceil(GOOD.length / 64)).fill("sync set.part");
    const folder = `sync ${root.split("/").at(-1)}`;
    assertEquals(calls, [...chunks, "sync set.part", "rename set", folder]);
  });
});

Deno.test("prepare() makes one whole file when two run at a time", async () => {
  await withFolder(async (root) => {
    const path = `${root}/set`;
    await Promise.all([1, 2].map(() => prepare(numbered(), path, { picture: rgb(2) })));
    assertEquals((await contents(path)).facts.count, GOOD.length);
    assertEquals([...Deno.readDirSync(root)].map(({ name }) => name), ["set"]);
  });
});

Deno.test("PreparedFile finds damage anywhere, when it opens or checks", async () => {
  await withFolder(async (root) => {
    const path = `${root}/set`;
    await prepare(numbered(), path, { picture: rgb(2) });
    const whole = await Deno.readFile(path);
    const pixelEnd = 8 + GOOD.length * 12;
    const fails = async (bytes: Uint8Array) => {
      await Deno.writeFile(path, bytes);
      const error = await assertRejects(() => contents(path), DataError);
      assertStringIncludes(error.message, path);
      return error.message;
    };
    for (let at = 8; at < whole.length; at += 97) {
      const bytes = whole.slice();
      bytes[at] ^= 4;
      const message = await fails(bytes);
      const first = Math.floor((at - 8) / 12 / 64) * 64;
      if (at < pixelEnd) assertStringIncludes(message, `images ${first} to`);
    }
    for (const length of [0, 7, 40, 60, 500, whole.length - 1]) await fails(whole.slice(0, length));
    await fails(Uint8Array.from([...whole, 0]));
    assert((await fails(whole.slice(0, pixelEnd))).includes("prepare it again"));
  });
});

Deno.test("PreparedFile keeps simultaneous reads apart, in any order", async () => {
  await withFolder(async (root) => {
    await prepare(numbered(), `${root}/set`, { picture: rgb(2) });
    const file = await PreparedFile.open(`${root}/set`);
    const set = file.set("some", Uint32Array.of(9, 3, 200, 5));
    const reads = Array.from({ length: 50 }, (_, i) => [i % 4, (i * 3 + 1) % 4, 2]);
    const found = await Promise.all(reads.map((indices) => set.read(indices)));
    const greyOf = (place: number) => GOOD[[9, 3, 200, 5][place]] % 251;
    assertEquals(
      found.map((bytes) => [bytes[0], bytes[12], bytes[35]]),
      reads.map((indices) => indices.map(greyOf)),
    );
    await assertRejects(() => set.read([4]), RangeError, "image 4 of a set of 4");
    file.close();
  });
});

Deno.test("PreparedFile never gives damaged pixels to training", async () => {
  await withFolder(async (root) => {
    const path = `${root}/set`;
    await prepare(numbered(), path, { picture: rgb(2) });
    const bytes = await Deno.readFile(path);
    bytes[8 + 70 * 12] ^= 1;
    await Deno.writeFile(path, bytes);
    const file = await PreparedFile.open(path);
    const set = file.set("all", Uint32Array.from(GOOD.keys()));
    for (let i = 0; i < 2; i++) {
      assertEquals((await set.read([3, 63, 130])).length, 36);
      for (const indices of [[70], [127], [1, 64]]) {
        await assertRejects(() => set.read(indices), DataError, "images 64 to 127 of");
      }
    }
    file.close();
  });
});
