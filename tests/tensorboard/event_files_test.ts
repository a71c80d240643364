import { assert, assertEquals, assertRejects } from "@std/assert";
import { crc32c, maskedCrc32c } from "../../src/run/tensorboard/crc32c.ts";
import { FileError } from "../../src/files/errors.ts";
import { EventFiles } from "../../src/run/tensorboard/event_files.ts";
import { gridPng } from "../../src/picture/pictures.ts";
import { withFolder } from "../data/scratch.ts";
import { crcReference, events, shown } from "./reader.ts";
import { rgb } from "../helpers/rgb.ts";

Deno.test("crc32c() gives the vectors of RFC 3720, and its reference at every length up to 70", () => {
  const vectors: [number[], number][] = [
    [Array(32).fill(0), 0x8a9136aa],
    [Array(32).fill(255), 0x62a8ab43],
    [Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    [[..."123456789"].map((c) => c.charCodeAt(0)), 0xe3069283],
  ];
  for (const [bytes, sum] of vectors) assertEquals(crc32c(Uint8Array.from(bytes)), sum);
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7919 + length) >> 3);
    assertEquals(crc32c(bytes), crcReference(bytes));
  }
  // TensorFlow's own files begin with 18 00 00 00 00 00 00 00 a3 7f 4b 22.
  assertEquals(maskedCrc32c(Uint8Array.of(0x18, 0, 0, 0, 0, 0, 0, 0)), 0x224b7fa3);
});

/** The event files of a folder, in the order TensorBoard reads them. */
async function files(folder: string): Promise<Uint8Array<ArrayBuffer>[]> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  assert(names.every((name) => /^events\.out\.tfevents\.\d{10}\.rin$/.test(name)), `${names}`);
  return await Promise.all(names.map((name) => Deno.readFile(`${folder}/${name}`)));
}

Deno.test("EventFiles begins with version and session, then has numbers and pictures", () =>
  withFolder(async (folder) => {
    const png = gridPng(new Float32Array(2 * 3 * 16), rgb(4)), before = Date.now() / 1000;
    const file = new EventFiles(folder);
    await file.start({ step: 0, device: "gpu" });
    await file.metrics([
      { step: 1, loss: 0.5, note: "text", moments: { x0: { mean: -1e-3, std: 2 } }, none: null },
      { step: 3_000_000_000, loss: NaN },
    ]);
    await file.samples(300, png);
    const gray = gridPng(new Float32Array(16), { imageSize: 4, channels: 1 });
    const clear = gridPng(new Float32Array(32), { imageSize: "2x4", channels: 4 });
    await file.samples(301, gray);
    await file.samples(302, clear);
    await file.sync();
    const read = events((await files(folder))[0]);
    for (const { wallTime } of read) assert(wallTime >= before && wallTime <= Date.now() / 1000);
    assertEquals(read.map(({ wallTime: _, ...rest }) => rest), [
      { version: "brain.Event:2" },
      { step: 1, sessionStart: true },
      {
        step: 1,
        scalars: { loss: 0.5, "moments/x0/mean": Math.fround(-1e-3), "moments/x0/std": 2 },
      },
      { step: 3_000_000_000, scalars: { loss: NaN } },
      { step: 300, images: { samples: { width: 14, height: 8, colours: 3, png } } },
      { step: 301, images: { samples: { width: 8, height: 8, colours: 1, png: gray } } },
      { step: 302, images: { samples: { width: 6, height: 8, colours: 4, png: clear } } },
    ]);
  }));

Deno.test("EventFiles supersedes steps of a resumed run, even after a crash within the second", () =>
  withFolder(async (folder) => {
    const figures = (from: number, to: number, loss: number) =>
      Array.from({ length: to - from + 1 }, (_, i) => ({ step: from + i, loss }));
    const file = new EventFiles(folder);
    await file.start({ step: 0, device: "gpu" });
    await file.metrics(figures(1, 6, 1));
    const [name] = [...Deno.readDirSync(folder)].map(({ name }) => name);
    const bytes = await Deno.readFile(`${folder}/${name}`);
    await Deno.writeFile(`${folder}/${name}`, bytes.subarray(0, -5));
    const other = new EventFiles(folder);
    await other.start({ step: 3, device: "gpu" });
    await other.metrics(figures(4, 7, 2));
    await other.start({ step: 5, device: "gpu" });
    await other.metrics(figures(6, 6, 3));
    assertEquals((await files(folder)).length, 3);
    assertEquals(shown(await files(folder), "loss"), [
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 2],
      [5, 2],
      [6, 3],
    ]);
  }));

Deno.test("EventFiles keeps values of a long run a thousandth apart, each tag by itself", () =>
  withFolder(async (folder) => {
    const file = new EventFiles(folder), last = 40_000;
    await file.start({ step: 0, device: "gpu" });
    for (let step = 1; step <= last; step += 100) {
      await file.metrics(Array.from({ length: 100 }, (_, i) => {
        const at = step + i, rare = at % 5000 === 0;
        return { step: at, loss: at, ...rare && { validLoss: at } };
      }));
    }
    const all = await files(folder);
    assertEquals(
      shown(all, "validLoss").map(([step]) => step),
      [1, 2, 3, 4, 5, 6, 7, 8].map((i) => i * 5000),
    );
    const steps = shown(all, "loss").map(([step]) => step);
    assertEquals(steps.slice(0, 1000), Array.from({ length: 1000 }, (_, i) => i + 1));
    assert(steps.length < 1000 * (1 + Math.log(last / 1000)) + 1, `${steps.length} points`);
    steps.slice(1).forEach((step, i) => assert(step - steps[i] <= step / 1000 + 1));
  }));

Deno.test("EventFiles keeps what it can't write, and sync() says why", () =>
  withFolder(async (folder) => {
    const file = new EventFiles(folder);
    await file.start({ step: 0, device: "gpu" });
    const [name] = [...Deno.readDirSync(folder)].map(({ name }) => name);
    await Deno.rename(`${folder}/${name}`, `${folder}/aside`);
    await Deno.mkdir(`${folder}/${name}`);
    await file.metrics([{ step: 1, loss: 1 }]);
    await file.samples(1, gridPng(new Float32Array(48), rgb(4)));
    await assertRejects(() => file.sync(), FileError, "it is a folder, not a file");
    await Deno.remove(`${folder}/${name}`);
    await Deno.rename(`${folder}/aside`, `${folder}/${name}`);
    await file.metrics([{ step: 2, loss: 2 }]);
    await file.sync();
    assertEquals(shown(await files(folder), "loss"), [[1, 1], [2, 2]]);
  }));

Deno.test("EventFiles cuts off what a full disk left of a record before the next one", () =>
  withFolder(async (folder) => {
    const file = new EventFiles(folder), { writeFile } = Deno;
    await file.start({ step: 0, device: "gpu" });
    await file.metrics([{ step: 1, loss: 1 }]);
    Deno.writeFile = async (path, bytes, options) => {
      await writeFile(path, (bytes as Uint8Array).subarray(0, 20), options);
      throw new Error("the disk is full");
    };
    try {
      await file.metrics([{ step: 2, loss: 2 }]);
    } finally {
      Deno.writeFile = writeFile;
    }
    await file.metrics([{ step: 3, loss: 3 }]);
    assertEquals(shown(await files(folder), "loss"), [[1, 1], [2, 2], [3, 3]]);
  }));
