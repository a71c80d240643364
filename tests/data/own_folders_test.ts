// Folders that rin writes are never data.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { removeAbandoned } from "../../src/data/abandoned.ts";
import { isCacheFolder, makeCache } from "../../src/data/cache_folder.ts";
import { DataError } from "../../src/data/errors.ts";
import { listImages } from "../../src/data/folder.ts";
import { listClips } from "../../src/data/list_clips.ts";
import { ownFolder } from "../../src/files/own_folders.ts";
import { complaint, rin, TINY, writePictures } from "../cli/rin.ts";
import { smallNet } from "../helpers/small_net.ts";
import { greyPng, withFolder, write } from "./scratch.ts";

const namesIn = (folder: string) => new Set([...Deno.readDirSync(folder)].map(({ name }) => name));

Deno.test("listImages() never takes a run, a page, or a cache for data", async () => {
  await withFolder(async (cwd) => {
    await writePictures(cwd, 6);
    const train = ["train", ...TINY, "--data", ".", "--steps", "1", "--quiet"];
    const env = { RIN_CACHE: `${cwd}/cache` };
    const works = async (...args: string[]) => {
      const { code, stderr } = await rin(args, { cwd, env });
      assertEquals(code, 0, stderr);
    };
    await works(...train, "--out", "runs/one");
    await write(`${cwd}/net.safetensors`, smallNet());
    await works("page", "--checkpoint", "net.safetensors");
    await write(`${cwd}/cache/emoji/a.png`, await greyPng(1));
    await write(`${cwd}/site/icons/a.png`, await greyPng(1));
    const kinds = ["runs/one", "site", "cache"].map((name) => ownFolder(namesIn(`${cwd}/${name}`)));
    assertEquals(kinds, ["run", "page", "cache"]);

    assertEquals((await listImages(cwd)).files.length, 6);
    assertEquals((await listClips(cwd)).clips.map(({ paths }) => paths.length), [6]);
    await works("train", "--resume", "runs/one", "--steps", "2", "--quiet");
    for (const own of ["runs/one", "site"]) {
      const thrown = await assertRejects(() => listImages(`${cwd}/${own}`), DataError);
      assertStringIncludes(thrown.message, "whose pictures a network drew; give a folder of");
    }
    const found = complaint(await rin([...train.with(-4, "runs/one"), "--out", "x"], { cwd, env }));
    assertStringIncludes(found, "it is the folder of a run");
    // Samples that are asked for by their own name are pictures like others.
    assertEquals((await listImages(`${cwd}/runs/one/samples`)).files.length > 0, true);
  });
});

Deno.test("listImages() takes data sets with files of such names as data", () => {
  for (const names of [["config.json", "samples"], ["metrics.jsonl"], ["model.json"], ["a.png"]]) {
    assertEquals(ownFolder(new Set(names)), undefined, names.join());
  }
});

Deno.test("ownFolder() recognizes a cache by its tag, or by its path", async () => {
  await withFolder(async (root) => {
    await makeCache(`${root}/a/cache`);
    const tag = await Deno.readTextFile(`${root}/a/cache/CACHEDIR.TAG`);
    assertStringIncludes(tag, "Signature: 8a477f597d28d172789f06886806bc55");
    // A folder that was there before may hold other things, too.
    await Deno.mkdir(`${root}/own`);
    await makeCache(`${root}/own`);
    assertEquals(namesIn(`${root}/own`).size, 0);
    const env = (name: string) => name === "RIN_CACHE" ? `${root}/own` : undefined;
    assertEquals(isCacheFolder(await Deno.realPath(`${root}/own`), { env }), true);
    assertEquals(isCacheFolder(root, { env }), false);
  });
});

Deno.test("removeAbandoned() removes preparations after a month without use", async () => {
  await withFolder(async (cache) => {
    const month = Date.now() / 1000 - 31 * 24 * 3600;
    for (const name of ["a.part", "a.part.log", "b.part", "c.part", "c.part.log", "d.rindata"]) {
      await write(`${cache}/${name}`, "x");
      if (name !== "c.part.log") await Deno.utime(`${cache}/${name}`, month, month);
    }
    await removeAbandoned(cache);
    assertEquals([...namesIn(cache)].sort(), ["c.part", "c.part.log", "d.rindata"]);
    await removeAbandoned(`${cache}/none`);
  });
});
