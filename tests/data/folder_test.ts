import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { loadSplits } from "../../src/data/dataset.ts";
import { DataError } from "../../src/data/errors.ts";
import { listImages } from "../../src/data/folder.ts";
import { greyPng, greys, withFolder, write } from "./scratch.ts";

Deno.test("folder: lists pictures recursively, sorted by path, and nothing else", async () => {
  await withFolder(async (root) => {
    for (
      const name of [
        "b.PNG",
        "a/z.jpeg",
        "a/B.jpg",
        "a.png",
        "c/d/e.jpg",
        "notes.txt",
        ".hidden.png",
        ".thumbs/x.png",
        "a/._B.jpg",
      ]
    ) await write(`${root}/${name}`, "");
    const files = await listImages(root);
    assertEquals(files.map(({ name }) => name), [
      "a.png",
      "a/B.jpg",
      "a/z.jpeg",
      "b.PNG",
      "c/d/e.jpg",
    ]);
    assertEquals(files[1].path, `${root}/a/B.jpg`);
  });
});

Deno.test({
  name: "folder: links are followed, also where they lead in a circle or nowhere",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await withFolder(async (root) => {
      await write(`${root}/elsewhere/a.png`, "");
      await write(`${root}/set/b.png`, "");
      await Deno.symlink(`${root}/elsewhere`, `${root}/set/linked`);
      await Deno.symlink(`${root}/elsewhere/a.png`, `${root}/set/c.png`);
      await Deno.symlink(`${root}/set`, `${root}/set/circle`);
      await Deno.symlink(`${root}/nothing.png`, `${root}/set/dangling.png`);
      const files = await listImages(`${root}/set`);
      assertEquals(files.map(({ name }) => name), ["b.png", "c.png", "linked/a.png"]);
    });
  },
});

Deno.test("folder: broken pictures among good ones are named, skipped and leave no gap", async () => {
  await withFolder(async (root) => {
    for (let i = 0; i < 30; i++) {
      const name = `${root}/${String(i).padStart(2, "0")}.png`;
      await write(name, i % 5 === 0 ? "not a picture" : await greyPng(i));
    }
    const { train, skipped, close } = await loadSplits({
      source: root,
      imageSize: 2,
      validFraction: 0,
      cache: `${root}/.cache`,
    });
    assertEquals(await greys(train), Array.from({ length: 30 }, (_, i) => i).filter((i) => i % 5));
    assertEquals(
      skipped.map(({ name }) => name),
      [0, 5, 10, 15, 20, 25].map((i) => `${String(i).padStart(2, "0")}.png`),
    );
    assertStringIncludes(skipped[0].reason, "neither PNG nor JPEG");
    close();
  });
});

Deno.test("folder: missing, a file, empty, or without one good picture is a DataError", async () => {
  await withFolder(async (root) => {
    await assertRejects(() => listImages(`${root}/nowhere`), DataError, "no such folder");
    await write(`${root}/x/readme.txt`, "hello");
    await assertRejects(() => listImages(`${root}/x/readme.txt`), DataError, "it is a file");
    await assertRejects(() => listImages(`${root}/x`), DataError, "(1 other files");
    await write(`${root}/x/bad.png`, "hello");
    const error = await assertRejects(
      () => loadSplits({ source: `${root}/x`, imageSize: 4, cache: `${root}/.cache` }),
      DataError,
      "none of its 1 image files",
    );
    assertStringIncludes(error.message, "bad.png (Cannot decode image");
  });
});

Deno.test({
  name: "folder: one that may not be read is a DataError",
  permissions: { read: false },
  fn: async () => {
    await assertRejects(() => listImages("/some/folder"), DataError, "the folder can't be read");
  },
});
