import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../src/data/errors.ts";

import { listClips } from "../../src/data/list_clips.ts";
import { greyPng, withFolder, write } from "./scratch.ts";

const apng = Deno.readFileSync(new URL("./fixtures/moving.apng.png", import.meta.url));

/** Names, how many files each has, and whether they are frames. */
async function listed(path: string) {
  return (await listClips(path)).clips.map((
    { name, paths, numbered },
  ) => [name, paths.length, numbered]);
}

Deno.test("listClips() lists moving files, and folders of frames in the order of their numbers", async () => {
  await withFolder(async (root) => {
    const still = await greyPng(1);
    for (const name of ["dogs/b.gif", "dogs/a.APNG", "dogs/notes.txt", "dogs/.x.gif"]) {
      await write(`${root}/${name}`, "");
    }
    for (const i of [1, 2, 9, 10, 100]) await write(`${root}/dogs/walk/f${i}.png`, still);
    for (const i of [1, 2]) await write(`${root}/cats/${i}.png`, apng);
    for (const i of [1, 2, 3]) await write(`${root}/cats/run/${i}.jpeg`, "");
    await write(`${root}/cats/run/0.png`, still);
    assertEquals(await listed(root), [
      ["cats/1.png", 1, false],
      ["cats/2.png", 1, false],
      ["cats/run", 4, true],
      ["dogs/a.APNG", 1, false],
      ["dogs/b.gif", 1, false],
      ["dogs/walk", 5, true],
    ]);
    const walk = (await listClips(root)).clips.at(-1)!.paths;
    assertEquals(walk, [1, 2, 9, 10, 100].map((i) => `${root}/dogs/walk/f${i}.png`));
    assertEquals(await listed(`${root}/dogs/walk`), [[".", 5, true]]);
  });
});

Deno.test("listClips() takes a file as one clip, whatever its name", async () => {
  await withFolder(async (root) => {
    await write(`${root}/a`, apng);
    await write(`${root}/b`, await greyPng(1));
    assertEquals(await listed(`${root}/a`), [["a", 1, false]]);
    assertEquals(await listed(`${root}/b`), [["b", 1, true]]);
  });
});

Deno.test("listClips() refuses a folder of moving and still pictures, or of neither", async () => {
  await withFolder(async (root) => {
    await write(`${root}/x/a.gif`, "");
    await write(`${root}/x/poster.jpg`, "");
    await assertRejects(
      () => listClips(root),
      DataError,
      `from ${root}/x: it holds moving pictures (a.gif) and still ones (poster.jpg); put`,
    );
    await write(`${root}/y/notes.txt`, "");
    await assertRejects(() => listClips(`${root}/y`), DataError, "(1 other files seen: 1 .txt");
  });
});
