import { assert, assertEquals, assertRejects } from "@std/assert";
import { TrainingBatches, validationBatches } from "../../src/run/batches.ts";
import { BatchStream } from "../../src/data/batches.ts";
import { fillBatch, windowStart } from "../../src/data/fill_batch.ts";
import type { ImageSet } from "../../src/data/image_set.ts";
import { rgb } from "../helpers/rgb.ts";

/** Seven images of 2x2, image i being all i; `read` sees each read, and can make it wait. */
function numbered(read: (indices: number[]) => Promise<void> = async () => {}): ImageSet {
  return {
    name: "numbered",
    imageSize: 2,
    count: 7,
    labels: Uint32Array.from({ length: 7 }, (_, i) => 10 * i),
    classNames: [],
    read: async (indices) => {
      await read(Array.from(indices));
      return Uint8Array.from(Array.from(indices).flatMap((i) => Array(12).fill(i)));
    },
  };
}

const OPTIONS = { seed: 3, batchSize: 4, picture: rgb(2), flip: true, steps: 20 };
const numbersOf = (images: Float32Array, stride = 12) =>
  Array.from(
    { length: images.length / stride },
    (_, i) => Math.round((images[i * stride] + 1) * 127.5),
  );

Deno.test("TrainingBatches gives a step the same images and labels however it is reached", async () => {
  const straight = new TrainingBatches(numbered(), OPTIONS);
  const all = [];
  for (let step = 0; step < 20; step++) all.push(await straight.at(step));
  for (const order of [[19], [5, 6, 2, 3], [0, 7]]) {
    const batches = new TrainingBatches(numbered(), OPTIONS);
    for (const step of order) assertEquals(await batches.at(step), all[step]);
  }
  for (const { images, labels } of all) {
    assertEquals(numbersOf(images).map((i) => 10 * i), [...labels!]);
  }
  const seven = all.slice(0, 7).flatMap(({ images }) => numbersOf(images));
  assertEquals(seven.toSorted(), [0, 1, 2, 3, 4, 5, 6].flatMap((i) => Array(4).fill(i)));
});

Deno.test("TrainingBatches reads a few steps ahead, none twice and none beyond the last", async () => {
  let reads = 0;
  const batches = new TrainingBatches(numbered(() => Promise.resolve(void reads++)), {
    ...OPTIONS,
    steps: 8,
  });
  const seen = [];
  for (let step = 0; step < 8; step++) {
    await batches.at(step);
    seen.push(reads);
  }
  assertEquals(seen, [5, 6, 7, 8, 8, 8, 8, 8]);
});

Deno.test("TrainingBatches counts only the time spent waiting, once", async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => release = resolve);
  const batches = new TrainingBatches(numbered(() => gate), OPTIONS);
  const first = batches.at(0);
  setTimeout(release, 60);
  await first;
  assert(batches.takeWait() >= 50);
  assertEquals(batches.takeWait(), 0);
  await new Promise((resolve) => setTimeout(resolve, 30));
  await batches.at(1);
  assert(batches.takeWait() < 20);
});

Deno.test("TrainingBatches reports a failed read at its own step", async () => {
  let reads = 0;
  const batches = new TrainingBatches(
    numbered(() =>
      ++reads === 3 ? Promise.reject(new Error("the disk is gone")) : Promise.resolve()
    ),
    OPTIONS,
  );
  await batches.at(0);
  await batches.at(1);
  await assertRejects(() => batches.at(2), Error, "the disk is gone");
});

Deno.test("validationBatches() spreads evenly over the set, up to the limit", async () => {
  const passes = async (limit: number) => {
    const told: number[][] = [];
    const seen: number[] = [];
    const batches = validationBatches(numbered(), rgb(2), limit, (...done) => told.push(done));
    for await (const { images, labels } of batches) {
      seen.push(...numbersOf(images));
      assertEquals([...labels!], numbersOf(images).map((i) => 10 * i));
    }
    return [seen, told];
  };
  assertEquals(await passes(3), [[0, 2, 4], [[0, 3]]]);
  assertEquals(await passes(50), [[0, 1, 2, 3, 4, 5, 6], [[0, 7]]]);
});

Deno.test("TrainingBatches crops larger stored images to the network's size", async () => {
  const options = { ...OPTIONS, picture: rgb(1) };
  const { images } = await new TrainingBatches(numbered(), options).at(0);
  assertEquals(images.length, 4 * 3);
  for await (const batch of validationBatches(numbered(), rgb(1), 7, () => {})) {
    assertEquals(numbersOf(batch.images, 3), [0, 1, 2, 3, 4, 5, 6]);
  }
});

Deno.test("TrainingBatches takes windows of clips by seed, step, and place, and validation the middle", async () => {
  // Clip i has i frames more than are read of it; frame t of it is all 10 i + t.
  const clips: ImageSet = {
    name: "clips",
    imageSize: 2,
    count: 7,
    frames: 2,
    room: Uint32Array.from({ length: 7 }, (_, i) => i),
    read: (indices, starts) =>
      Promise.resolve(
        Uint8Array.from(
          Array.from(indices).flatMap((clip, i) =>
            [0, 1].flatMap((t) => Array(12).fill(10 * clip + starts![i] + t))
          ),
        ),
      ),
  };
  const batches = new TrainingBatches(clips, OPTIONS);
  const starts = new Set<number>();
  for (let step = 0; step < 20; step++) {
    const { images } = await batches.at(step);
    assertEquals(images.length, 4 * 24);
    const first = numbersOf(images, 24);
    // (3, T, S, S): the second frame follows the first within each channel.
    const second = first.map((_, i) => Math.round((images[24 * i + 4] + 1) * 127.5));
    assertEquals(second, first.map((value) => value + 1));
    first.forEach((value, i) => {
      const clip = Math.floor(value / 10);
      assertEquals(value % 10, windowStart({ seed: 3, step }, i, clip));
      starts.add(value);
    });
  }
  assert(starts.size > 20, `${[...starts]}`);
  const again = new TrainingBatches(clips, OPTIONS);
  assertEquals((await again.at(9)).images, (await batches.at(9)).images);
  const valid = await Array.fromAsync(validationBatches(clips, rgb(2), 100, () => {}));
  assertEquals(numbersOf(valid[0].images, 24), [0, 10, 21, 31, 42, 52, 63]);
});

Deno.test("TrainingBatches flips and crops anew at every step, by seed and step", async () => {
  const pixels = (index: number) => Uint8Array.from({ length: 27 }, (_, p) => 30 * index + p);
  const set = {
    ...numbered(),
    imageSize: 3,
    read: (indices: ArrayLike<number>) =>
      Promise.resolve(Uint8Array.from(Array.from(indices, (i) => [...pixels(i)]).flat())),
  };
  const seen = new Set<string>();
  for (const flip of [true, false]) {
    const batches = new TrainingBatches(set, { ...OPTIONS, flip });
    const stream = new BatchStream({ seed: 3, batchSize: 4, count: 7 });
    for (let step = 0; step < 6; step++) {
      const wanted = new Float32Array(4 * 12);
      const stored = await set.read(stream.indices(step));
      fillBatch(stored, 3, wanted, rgb(2), { seed: 3, step, flip });
      const { images } = await batches.at(step);
      assertEquals(images, wanted, `step ${step}`);
      seen.add(images.join());
    }
  }
  assert(seen.size > 9, "batches differ from step to step, and where they are mirrored");
});
