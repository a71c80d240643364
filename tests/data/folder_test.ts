import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { loadSplits } from "../../src/data/dataset.ts";
import { DataError } from "../../src/data/errors.ts";
import { listImages } from "../../src/data/folder.ts";
import { leftOutLines } from "../../src/data/left_out.ts";
import { greyPng, greys, withFolder, write } from "./scratch.ts";

Deno.test("listImages() lists pictures recursively, sorted by path, and nothing else", async () => {
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
    const { files, leftOut } = await listImages(root);
    assertEquals(leftOut, { kinds: { ".txt": 1 }, unreadable: [], folders: [] });
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
  name: "listImages() follows links, even in a circle or to nowhere",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await withFolder(async (root) => {
      await write(`${root}/elsewhere/a.png`, "");
      await write(`${root}/set/b.png`, "");
      await Deno.symlink(`${root}/elsewhere`, `${root}/set/linked`);
      await Deno.symlink(`${root}/elsewhere/a.png`, `${root}/set/c.png`);
      await Deno.symlink(`${root}/set`, `${root}/set/circle`);
      await Deno.symlink(`${root}/nothing.png`, `${root}/set/dangling.png`);
      const { files, leftOut } = await listImages(`${root}/set`);
      assertEquals(files.map(({ name }) => name), ["b.png", "c.png", "linked/a.png"]);
      assertEquals(leftOut.unreadable, [{
        name: "dangling.png",
        reason: "the link leads nowhere",
      }]);
    });
  },
});

Deno.test({
  name:
    "listImages() lists links after real folders, so that names don't depend on the file system",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await withFolder(async (root) => {
      await write(`${root}/z/a.png`, "");
      await Deno.symlink("z", `${root}/a`);
      await write(`${root}/m/deep/b.png`, "");
      await Deno.symlink("../m/deep", `${root}/z/first`);
      const { files } = await listImages(root);
      assertEquals(files.map(({ name }) => name), ["m/deep/b.png", "z/a.png"]);
    });
  },
});

Deno.test({
  name: "listImages() names names that are not UTF-8 and unreadable folders, and continues",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await withFolder(async (root) => {
      await write(`${root}/a.png`, await greyPng(3));
      const script = `mkdir "$1/$(printf 'caf\\351')" && touch "$1/$(printf '\\203x.png')"`;
      const { success } = await new Deno.Command("sh", { args: ["-c", script, "-", root] })
        .output();
      assert(success);
      const { files, leftOut } = await listImages(root);
      assertEquals(files.map(({ name }) => name), ["a.png"]);
      assertEquals(leftOut.unreadable, [
        { name: "caf\ufffd", reason: "its name is not UTF-8; rename it" },
        { name: "\ufffdx.png", reason: "its name is not UTF-8; rename it" },
      ]);
      const { skipped, train, close } = await loadSplits({
        source: root,
        imageSize: 4,
        cache: `${root}/.cache`,
      });
      close();
      assertEquals([train.count, skipped], [1, leftOut.unreadable]);
    });
  },
});

Deno.test("listImages() recognizes pictures by their first bytes, and counts the files it leaves out", async () => {
  await withFolder(async (root) => {
    const text = (s: string) => new TextEncoder().encode(s);
    const formats = new URL("./fixtures/formats_pil.json", import.meta.url);
    const made = JSON.parse(await Deno.readTextFile(formats));
    const file = (name: string) => Uint8Array.from(atob(made[name].file), (c) => c.charCodeAt(0));
    await write(`${root}/cats/0.png`, await greyPng(1));
    await write(`${root}/cats/1`, await greyPng(2));
    await write(`${root}/cats/2.jpg_large`, file("stray.jpg"));
    await write(`${root}/cats/3.png`, file("rgb.bmp"));
    await write(`${root}/cats/notes.txt`, "hello");
    await write(`${root}/cats/list`, "hello");
    await write(`${root}/dogs/0.webp`, file("lossless.webp"));
    await write(`${root}/dogs/1.gif`, file("still.gif"));
    await write(`${root}/emus/0.avif`, text("\0\0\0\x1cftypavif\0\0\0\0"));
    await write(`${root}/newts/0.png`, text("II*\0 and so on"));
    const moving = Deno.readFileSync(new URL("./fixtures/moving.gif", import.meta.url));
    await write(`${root}/dogs/2.gif`, moving);
    const options = { source: root, imageSize: 4, validFraction: 0, cache: `${root}/.cache` };
    for (const labels of [{ from: "auto" }, { from: "none" }]) {
      const { train, skipped, leftOut, close } = await loadSplits({ ...options, labels });
      close();
      assertEquals(train.count, 6);
      if (labels.from === "auto") {
        assertEquals(train.classNames, ["cats", "dogs"]);
        assertEquals([...train.labels!], [0, 0, 0, 0, 1, 1]);
      }
      assertEquals(skipped.map(({ name }) => name), ["dogs/2.gif", "newts/0.png"]);
      assertStringIncludes(skipped[0].reason, "it moves (");
      assertEquals(leftOutLines(leftOut!), [
        "Left out 3 files that are not PNG, JPEG, WebP, BMP or GIF: 1 .avif, 1 .txt, 1 without an " +
        "extension",
        "Found no readable picture in emus, newts",
      ]);
    }
    // It counts files added later, too, although it decodes nothing again.
    await write(`${root}/owls/0.heic`, "hello");
    const { leftOut, close } = await loadSplits(options);
    close();
    assertEquals(leftOut?.folders, ["emus", "newts", "owls"]);
    assertEquals(leftOut?.kinds[".heic"], 1);
  });
});

Deno.test("loadSplits() names and skips broken pictures, and leaves no gap", async () => {
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
    assertStringIncludes(
      skipped[0].reason,
      "not PNG, JPEG, WebP, BMP or GIF, but text that begins with",
    );
    close();
  });
});

Deno.test("listImages() throws a DataError for a missing folder, a file, and a folder without a good picture", async () => {
  await withFolder(async (root) => {
    await assertRejects(() => listImages(`${root}/nowhere`), DataError, "no such folder");
    await write(`${root}/x/readme.txt`, "hello");
    await assertRejects(() => listImages(`${root}/x/readme.txt`), DataError, "it is a file");
    await assertRejects(() => listImages(`${root}/x`), DataError, "(1 other files seen: 1 .txt");
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
  name: "listImages() throws a DataError for a folder that it can't read",
  permissions: { read: false },
  fn: async () => {
    await assertRejects(() => listImages("/some/folder"), DataError, "the folder can't be read");
  },
});
