import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { loadSplits } from "../../src/data/dataset.ts";
import { DataError } from "../../src/data/errors.ts";
import { greyPng, greys, withFolder, write } from "./scratch.ts";

Deno.test("loadSplits() takes folders called train, val, and test as splits, or as classes on request", async () => {
  await withFolder(async (root) => {
    const pictures = { "Train/cats/a": 1, "Train/dogs/b": 2, "val/cats/c": 3, "val/dogs/d": 4 };
    for (const [name, grey] of Object.entries({ ...pictures, "test/cats/e": 5 })) {
      await write(`${root}/${name}.png`, await greyPng(grey));
    }
    const notes: string[] = [];
    const options = {
      source: root,
      imageSize: 4,
      cache: `${root}/.cache`,
      labels: { from: "auto" },
      onNote: (note: string) => void notes.push(note),
    };
    const { train, valid, close } = await loadSplits(options);
    assertEquals([await greys(train), await greys(valid)], [[1, 2], [3, 4]]);
    assertEquals([train.classNames, [...valid.labels!]], [["cats", "dogs"], [0, 1]]);
    assertStringIncludes(
      notes[0],
      "training on Train, validating on val, ignoring test (1 pictures)",
    );
    close();
    const asked = await loadSplits({ ...options, folders: "classes", validFraction: 0 });
    assertEquals(await greys(asked.train), [1, 2, 5, 3, 4]);
    assertEquals(asked.train.classNames, ["Train", "test", "val"]);
    asked.close();
    // Without val, test is held out.
    await Deno.remove(`${root}/val`, { recursive: true });
    const second = await loadSplits(options);
    assertEquals([await greys(second.train), await greys(second.valid)], [[1, 2], [5]]);
    second.close();
    // Another folder beside them: all are classes.
    await write(`${root}/owls/f.png`, await greyPng(6));
    const third = await loadSplits({ ...options, validFraction: 0 });
    assertEquals(third.train.classNames, ["Train", "owls", "test"]);
    third.close();
  });
});

Deno.test("loadSplits() says what an unsuitable file is", async () => {
  await withFolder(async (root) => {
    const refused = async (name: string, content: string | Uint8Array, words: string) => {
      await write(`${root}/${name}`, content);
      const options = { source: `${root}/${name}`, imageSize: 4, cache: `${root}/.cache` };
      await assertRejects(() => loadSplits(options), DataError, words);
    };
    await refused("a.png", await greyPng(1), "it is a single picture, PNG, where a folder of");
    await refused("a.npz", "PK\x03\x04", "truncated: its zip archive has no directory; fetch");
    await refused("a.csv", "file,class\na.png,1\n", 'it is text that begins with "file,class"');
    await refused("a.idx", "version https://git-lfs.example/spec/v1\n", "a pointer of Git LFS");
    await refused("b.idx", "<!DOCTYPE html><html>", "a page of HTML");
    await refused("c.idx", "", "an empty file");
  });
});
