import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { attributeLabels } from "../../src/data/celeba_attributes.ts";
import { type DataOptions, loadSplits } from "../../src/data/dataset.ts";
import { DataError } from "../../src/data/errors.ts";
import { folderLabels } from "../../src/data/labels.ts";
import { greyPng, greys, withFolder, write } from "./scratch.ts";

const TEXT = "2\n5_o_Clock_Shadow Smiling Young\n000001.jpg -1  1  1\n000002.jpg  1 -1  1\n";
const CSV = "image_id,5_o_Clock_Shadow,Smiling,Young\n000001.jpg,-1,1,1\n000002.jpg,1,-1,1\n";

Deno.test("folderLabels() takes the first folder of each path, numbered by name", () => {
  const names = ["b/1.png", "a/x/2.png", "b/x/3.png", "B/4.png"];
  assertEquals(folderLabels(names), {
    values: Uint32Array.of(2, 1, 2, 0),
    classNames: ["B", "a", "b"],
  });
  assertEquals(folderLabels([...names, "5.png"]), undefined);
});

Deno.test("folderLabels() orders numbers in names as numbers", () => {
  const order = (...folders: string[]) =>
    folderLabels(folders.map((folder) => `${folder}/0.png`))!.classNames;
  assertEquals(order("12", "1", "10", "2"), ["1", "2", "10", "12"]);
  assertEquals(order("c10-a", "c9-b", "c9-a", "c"), ["c", "c9-a", "c9-b", "c10-a"]);
  assertEquals(order("1", "01", "a", "2"), ["01", "1", "2", "a"]);
});

Deno.test("attributeLabels() reads one column of CelebA's list, in either form, by file name", () => {
  const names = ["x/000002.jpg", "000001.jpg", "000001.jpg"];
  for (const text of [TEXT, CSV, TEXT.replaceAll("\n", "\r\n")]) {
    const smiling = attributeLabels(text, names, "Smiling", "list");
    assertEquals(smiling.classNames, ["not Smiling", "Smiling"]);
    assertEquals([...smiling.values], [0, 1, 1]);
    assertEquals([...attributeLabels(text, names, "5_o_Clock_Shadow", "list").values], [1, 0, 0]);
  }
});

Deno.test("attributeLabels() refuses a list that doesn't fit", () => {
  const throws = (text: string, attribute: string, words: string) =>
    assertThrows(() => attributeLabels(text, ["000002.jpg"], attribute, "l.txt"), DataError, words);
  throws(TEXT, "Smile", "it has 5_o_Clock_Shadow, Smiling, Young");
  throws("hello\nworld", "Smiling", "l.txt: it doesn't begin");
  throws(TEXT + "000003.jpg 1 1\n", "Smiling", "line 5");
  throws(TEXT.replace("000002", "000009"), "Smiling", "doesn't list 000002.jpg");
});

/** Gray values by class name. */
async function classes(options: Partial<DataOptions> & { source: string }) {
  const { train, close } = await loadSplits({ imageSize: 4, validFraction: 0, ...options });
  const values = await greys(train);
  const named = values.map((value, i) => `${train.classNames?.[train.labels![i]]} ${value}`);
  close();
  return named;
}

Deno.test("loadSplits() labels a folder, or part of it, after decoding it once", async () => {
  await withFolder(async (root) => {
    await write(`${root}/dogs/1.png`, await greyPng(1));
    await write(`${root}/cats/2.png`, await greyPng(2));
    const options = { source: root, cache: `${root}/.cache` };
    assertEquals(await classes(options), ["undefined 2", "undefined 1"]);
    assertEquals(await classes({ ...options, labels: { from: "auto" } }), ["cats 2", "dogs 1"]);
    await write(`${root}/3.png`, await greyPng(3));
    await assertRejects(
      () => classes({ ...options, labels: { from: "auto" } }),
      DataError,
      "not every image lies in a folder",
    );
    const file = { from: `${root}/nothing` };
    await assertRejects(() => classes({ ...options, labels: file }), DataError, "no such file");
  });
});

Deno.test("loadSplits() finds an IDX file's labels beside it, or takes given ones", async () => {
  await withFolder(async (root) => {
    const images = [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 10, 20, 30];
    const labels = (values: number[]) => Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 3, ...values]);
    const source = `${root}/train-images-idx3-ubyte`;
    await write(source, Uint8Array.from(images));
    await write(`${root}/train-labels-idx1-ubyte`, labels([2, 0, 1]));
    await write(`${root}/other`, labels([0, 0, 1]));
    const options = { source, imageSize: 1, cache: `${root}/.cache` };
    assertEquals(await classes({ ...options, labels: { from: "auto" } }), ["2 10", "0 20", "1 30"]);
    const other = { from: `${root}/other` };
    assertEquals(await classes({ ...options, labels: other }), ["0 10", "0 20", "1 30"]);
    // Labels that come later, or are edited, count at once.
    await Deno.remove(`${root}/train-labels-idx1-ubyte`);
    const auto = { ...options, labels: { from: "auto" } };
    await assertRejects(() => classes(auto), DataError, "neither in it nor beside it are labels");
    await write(`${root}/train-labels-idx1-ubyte`, labels([1, 1, 0]));
    await Deno.utime(`${root}/train-labels-idx1-ubyte`, 1, 1);
    assertEquals(await classes(auto), ["1 10", "1 20", "0 30"]);
    await write(`${root}/train-labels-idx1-ubyte`, labels([0, 0, 2]));
    assertEquals(await classes(auto), ["0 10", "0 20", "2 30"]);
    await write(`${root}/few`, Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 1, 5]));
    const few = { from: `${root}/few` };
    await assertRejects(() => classes({ ...options, labels: few }), DataError, "1 labels");
    const self = { from: source };
    await assertRejects(() => classes({ ...options, labels: self }), DataError, "holds images");
  });
});

Deno.test("loadSplits() finds CelebA's attributes beside the images", async () => {
  await withFolder(async (root) => {
    for (const i of [1, 2]) {
      await write(`${root}/img_align_celeba/00000${i}.jpg`, await greyPng(i));
    }
    await write(`${root}/list_eval_partition.txt`, "000001.jpg 0\n000002.jpg 1\n");
    const options = {
      source: root,
      cache: `${root}/.cache`,
      labels: { from: "none", attribute: "Smiling" },
    };
    await assertRejects(() => classes(options), DataError, "no list_attr_celeba.txt");
    await write(`${root}/list_attr_celeba.txt`, TEXT);
    assertEquals(await classes(options), ["Smiling 1"]);
    const given = { from: `${root}/list_attr_celeba.txt` };
    await assertRejects(
      () => classes({ ...options, labels: given }),
      DataError,
      "--label-attribute",
    );
    const folder = { ...options, source: `${root}/img_align_celeba/` };
    assertEquals(await classes(folder), ["Smiling 1"]);
  });
});
