import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { findCeleba, parsePartition } from "../../src/data/celeba.ts";
import { loadSplits } from "../../src/data/dataset.ts";
import { DataError } from "../../src/data/errors.ts";
import { greyPng, greys, withFolder, write } from "./scratch.ts";

const LIST = "000001.jpg 0\n000002.jpg 2\n000003.jpg 1\n000004.jpg 0\n";

async function writeImages(folder: string): Promise<void> {
  // PNG bytes under a JPEG's name: content decides the format.
  for (let i = 1; i <= 4; i++) await write(`${folder}/00000${i}.jpg`, await greyPng(10 * i));
}

Deno.test("parsePartition() gives the official splits, in order", () => {
  assertEquals(parsePartition(LIST.replaceAll("\n", "\r\n")), {
    train: ["000001.jpg", "000004.jpg"],
    valid: ["000003.jpg"],
    test: ["000002.jpg"],
  });
});

Deno.test("findCeleba() finds Kaggle's packing from any of its folders", async () => {
  await withFolder(async (root) => {
    await writeImages(`${root}/a/img_align_celeba/img_align_celeba`);
    // An edited list changes which pictures are held out, and not their order.
    const csv = "image_id,partition\r\n000001.jpg,0\n000002.jpg,2\n000004.jpg,0\n000003.jpg,1\n";
    await write(`${root}/a/list_eval_partition.csv`, csv);
    const attributes = "image_id,Smiling\n000001.jpg,1\n000004.jpg,-1\n000003.jpg,1\n";
    await write(`${root}/a/list_attr_celeba.csv`, attributes);
    for (const folder of ["a", "a/img_align_celeba", "a/img_align_celeba/img_align_celeba"]) {
      const { train, valid, close } = await loadSplits({
        source: `${root}/${folder}`,
        imageSize: 2,
        cache: `${root}/cache`,
        labels: { from: "none", attribute: "Smiling" },
      });
      assertEquals([await greys(train), await greys(valid)], [[10, 40], [30]]);
      assertEquals([...train.labels!], [1, 0]);
      close();
    }
    // The list decides what is trained on, so that an edited one counts at once.
    await write(`${root}/a/list_eval_partition.csv`, csv.replace("000004.jpg,0", "000004.jpg,1"));
    const { train, valid, close } = await loadSplits({
      source: `${root}/a`,
      imageSize: 2,
      cache: `${root}/cache`,
    });
    assertEquals([await greys(train), await greys(valid)], [[10], [40, 30]]);
    close();
  });
});

Deno.test("parsePartition() names a bad line by number and content", () => {
  const throws = (text: string, words: string) =>
    assertThrows(() => parsePartition(text, "list.txt"), DataError, words);
  throws("a.jpg 0\nb.jpg 3\n", 'list.txt: line 2 is "b.jpg 3"');
  throws("a.jpg 0\n\nb.jpg\n", 'line 3 is "b.jpg"');
  throws("a.jpg 0\na.jpg 1\n", "line 2");
  throws("\n", "no lines");
});

Deno.test("loadSplits() loads CelebA's train and valid with the list in the folder or beside it", async () => {
  for (const place of ["celeba/list_eval_partition.txt", "list_eval_partition.txt"]) {
    await withFolder(async (root) => {
      await writeImages(`${root}/celeba/img_align_celeba`);
      await write(`${root}/${place}`, LIST);
      const seen: number[][] = [];
      const { train, valid, close } = await loadSplits({
        source: `${root}/celeba/`,
        imageSize: 2,
        cache: `${root}/cache`,
        onProgress: (done, total) => seen.push([done, total]),
      });
      assertEquals(await greys(train), [10, 40]);
      assertEquals(await greys(valid), [30]);
      assertEquals(seen, [[0, 3], [1, 3], [2, 3], [3, 3]]);
      close();
    });
  }
});

Deno.test("findCeleba() recognizes the image folder by a list beside it", async () => {
  await withFolder(async (root) => {
    await writeImages(`${root}/img_align_celeba`);
    assertEquals(await findCeleba(`${root}/img_align_celeba`), undefined);
    await write(`${root}/list_eval_partition.txt`, LIST);
    const { valid, close } = await loadSplits({
      source: `${root}/img_align_celeba`,
      imageSize: 4,
      cache: `${root}/cache`,
    });
    assertEquals(await greys(valid), [30]);
    close();
  });
});

Deno.test("loadSplits() reports a missing list of CelebA's, and missing images", async () => {
  await withFolder(async (root) => {
    await writeImages(`${root}/img_align_celeba`);
    await assertRejects(
      () => loadSplits({ source: root, imageSize: 4, cache: `${root}/cache` }),
      DataError,
      "no list_eval_partition.txt",
    );
    await write(`${root}/list_eval_partition.txt`, LIST + "000099.jpg 0\n");
    const { train, skipped, close } = await loadSplits({
      source: root,
      imageSize: 4,
      cache: `${root}/cache`,
    });
    assertEquals(skipped.map(({ name }) => name), ["000099.jpg"]);
    assertEquals(await greys(train), [10, 40]);
    close();
    await write(`${root}/list_eval_partition.txt`, "000001.jpg 0\n");
    await assertRejects(
      () => loadSplits({ source: root, imageSize: 4, cache: `${root}/cache` }),
      DataError,
      "1 training and 0 validation",
    );
  });
});
