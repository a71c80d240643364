// Tables of files and classes.

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { parseCsv } from "../../src/data/csv.ts";
import { csvLabels } from "../../src/data/csv_labels.ts";
import { type DataOptions, loadSplits } from "../../src/data/dataset.ts";
import { DataError } from "../../src/data/errors.ts";
import { greyPng, greys, withFolder, write } from "./scratch.ts";

Deno.test("parseCsv() reads marks, quotes, line ends, and empty lines", () => {
  const cells = (text: string) => parseCsv(text)?.map((row) => [row.line, ...row.cells]);
  assertEquals(cells("a,b\nc,d"), [[1, "a", "b"], [2, "c", "d"]]);
  assertEquals(cells("a ; b,c\r\n\r\nd;\r\n"), [[1, "a", "b,c"], [3, "d", ""]]);
  assertEquals(cells("a\t1\rb\t2\r"), [[1, "a", "1"], [1, "b", "2"]]);
  assertEquals(cells('"a, ""b""",1\n"x\ny",2\nz,3\n'), [[1, 'a, "b"', "1"], [2, "x\ny", "2"], [
    4,
    "z",
    "3",
  ]]);
  assertEquals(cells('"a,1\nb,"2\n'), [[1, '"a', "1"], [2, "b", '"2']]);
  assertEquals(cells('"a;b",1\n'), [[1, "a;b", "1"]]);
  assertEquals(cells("hello\nworld"), undefined);
  assertEquals(cells(""), undefined);
});

const NAMES = ["cats/1.png", "cats/2.png", "dogs/1.jpg", "dogs/3.x.png"];

/** Classes by picture; a dash where there is none. */
function labelled(text: string, names = NAMES, prefix = "") {
  const { labels: { values, classNames }, without, note } = csvLabels(text, names, "t.csv", prefix);
  return [Array.from(values, (value, i) => without[i] ? "-" : classNames[value]).join(" "), note];
}

Deno.test("csvLabels() finds pictures by path, name, and name without extension, with or without a heading", () => {
  const all = "cats/1.png,a\ncats/2.png,b\ndogs/1.jpg,a\ndogs/3.x.png,c\n";
  assertEquals(labelled(all), ["a b a c", undefined]);
  assertEquals(labelled(`file,class\n${all}`), ["a b a c", undefined]);
  assertEquals(labelled(all.replaceAll(",", ";")), ["a b a c", undefined]);
  // As others wrote the paths.
  const others = "a\t./cats/1.png\nb\tC:\\data\\2.png\na\t/home/me/1.jpg\nc\t3.x\n";
  assertEquals(labelled(others), ["a b a c", undefined]);
  assertEquals(labelled(all.replaceAll(/^(?=.)/gm, "data/"), NAMES, "data/"), [
    "a b a c",
    undefined,
  ]);
  // Columns by their names, one of them pandas' index.
  const wide = ",id,image,Label,size\n0,7,2.png,b,3\n1,8,3.x.png,c,3\n";
  assertEquals(labelled(wide)[0], "- b - c");
  assertEquals(labelled("breed,what\n2.png,x\n")[0], "- x - -");
});

Deno.test("csvLabels() counts rows and pictures without a counterpart, and orders classes like folders", () => {
  const { labels, without, note } = csvLabels(
    "id,label\n2,10\ncats/1.png,9\n7,8\n8,8\ndogs/1.jpg,\n",
    NAMES,
    "t.csv",
  );
  assertEquals(labels.classNames, ["9", "10"]);
  assertEquals([...labels.values].map((v, i) => without[i] ? -1 : v), [0, 1, -1, -1]);
  assertEquals(
    note,
    "Labels of t.csv: 2 pictures have no class and are left out; 2 rows name no picture",
  );
});

Deno.test("csvLabels() refuses what is not such a table, or contradicts itself", () => {
  const fails = (text: string, words: string) =>
    assertThrows(() => labelled(text), DataError, words);
  fails("hello\nworld\n", "no line of a file and a class; give two columns");
  fails("id,a,b\n2.png,1,2\n", "which of its 3 columns holds the class isn't clear (id, a, b)");
  fails("2.png,1,2\n", "which of its 3 columns holds the class isn't clear");
  fails("2.png,x\ndogs/1.jpg,x,y\n", "line 2 has 3 values, where 2 are expected");
  fails("x.png,1\ny.png,2\n", "none of its 2 rows names a picture, such as cats/1.png");
  fails("2.png,x\n\ncats/2.png,y\n", "line 3 says that cats/2.png is of class y, an earlier");
  fails("1,x\n2,y\n", "1 is what 2 pictures are called, cats/1.png and dogs/1.jpg");
});

async function classes(options: Partial<DataOptions> & { source: string }) {
  const notes: string[] = [];
  const { train, identity, close } = await loadSplits({
    imageSize: 4,
    validFraction: 0,
    onNote: (note) => void notes.push(note),
    ...options,
  });
  const values = await greys(train);
  const named = values.map((value, i) => `${train.classNames?.[train.labels![i]]} ${value}`);
  close();
  return { named, notes, identity: identity! };
}

Deno.test("loadSplits() reads a folder's table, beside or in it, anew each time", async () => {
  await withFolder(async (root) => {
    const source = `${root}/data`;
    for (const [i, name] of ["x/1", "x/2", "y/1"].entries()) {
      await write(`${source}/${name}.png`, await greyPng(i + 1));
    }
    const options = { source, cache: `${root}/.cache` };
    const table = `${root}/table.txt`;
    await write(table, "data/x/1.png;owl\ndata/x/2.png;cat\n");
    const given = { ...options, labels: { from: table } };
    const first = await classes(given);
    assertEquals(first.named, ["owl 1", "cat 2"]);
    assertEquals(first.notes, [`Labels of ${table}: 1 pictures have no class and are left out`]);
    await write(table, "data/x/1.png;owl\ndata/y/1.png;cat\n");
    const second = await classes(given);
    assertEquals(second.named, ["owl 1", "cat 3"]);
    // What decides on the pictures is part of what a run compares.
    assertEquals(first.identity.pixels, second.identity.pixels);
    assertEquals(first.identity.split === second.identity.split, false);
    await write(table, "data/x/1.png;cat\ndata/y/1.png;owl\n");
    const third = await classes(given);
    assertEquals(second.identity.labels === third.identity.labels, false);
    // In the folder it comes before the folders' names.
    const auto = { ...options, labels: { from: "auto" } };
    assertEquals((await classes(auto)).named, ["x 1", "x 2", "y 3"]);
    await write(`${source}/labels.csv`, "image_id,label\nx/1.png,b\n2,a\ny/1.png,a\n");
    const found = await classes(auto);
    assertEquals(found.named, ["b 1", "a 2", "a 3"]);
    assertEquals(found.notes, [`Taking the classes from ${source}/labels.csv`]);
    assertEquals((await classes(options)).named.length, 3);
  });
});

Deno.test("csvLabels() reads UTF-16, and refuses other files", async () => {
  await withFolder(async (root) => {
    const source = `${root}/data`;
    for (const i of [1, 2]) await write(`${source}/${i}.png`, await greyPng(i));
    const options = { source, cache: `${root}/.cache`, labels: { from: `${root}/labels` } };
    const text = "\ufeffbild,class\n1.png,Käse\n2.png,a\n";
    await write(
      `${root}/labels`,
      new Uint8Array(Uint16Array.from(text, (c) => c.charCodeAt(0)).buffer),
    );
    assertEquals((await classes(options)).named, ["Käse 1", "a 2"]);
    // A heading as CelebA's lists of attributes have.
    await write(`${root}/labels`, "image_id,label\n1.png,1\n2.png,0\n");
    assertEquals((await classes(options)).named, ["1 1", "0 2"]);
    const fails = async (content: string | Uint8Array, words: string) => {
      await write(`${root}/labels`, content);
      const error = await assertRejects(() => classes(options), DataError, words);
      assertStringIncludes(error.message, `Cannot label by ${root}/labels`);
    };
    await fails(await greyPng(1), "it is PNG, where a table of files and classes");
    await fails(Uint8Array.of(0x93, 78, 85, 77, 80, 89, 1, 0), "it is an array of numpy, where");
    await fails("", "it has no line of a file and a class");
    await fails("image_id,Young,Bald\n1.png,1,-1\n", "say which with --label-attribute");
  });
});
