import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { cacheFolder } from "../../src/data/cache_folder.ts";
import { DataError } from "../../src/data/errors.ts";
import { fetchPackage, type Runner } from "../../src/data/fetch_package.ts";
import { withFolder, write } from "./scratch.ts";

const DATA = { name: "some-data", version: "1.2.3", keep: ["package.json", "img/64"] };

async function writePackage(folder: string, version = DATA.version): Promise<void> {
  const at = `${folder}/node_modules/${DATA.name}`;
  await write(`${at}/package.json`, JSON.stringify({ version }));
  await write(`${at}/img/64/a.png`, "a");
  await write(`${at}/img/large/a.png`, "unwanted");
}

const install: Runner = async (_program, _args, folder) => {
  await writePackage(folder);
  return undefined;
};

const entries = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("cacheFolder() takes the first variable that is set, by system", () => {
  const of = (os: string, variables: Record<string, string>) =>
    cacheFolder({ os, env: (name) => variables[name] });
  const all = { RIN_CACHE: "/r", XDG_CACHE_HOME: "/x", HOME: "/h", LOCALAPPDATA: "C:/l" };
  assertEquals(of("linux", all), "/r");
  assertEquals(of("linux", { ...all, RIN_CACHE: "" }), "/x/rin");
  const plain = { HOME: "/h", LOCALAPPDATA: "C:/l" };
  assertEquals(of("linux", plain), "/h/.cache/rin");
  assertEquals(of("darwin", plain), "/h/Library/Caches/rin");
  assertEquals(of("windows", plain), "C:/l/rin");
  assertThrows(() => of("linux", {}), DataError, "set RIN_CACHE");
});

Deno.test("fetchPackage() keeps only the requested parts, and runs no client a second time", async () => {
  await withFolder(async (root) => {
    const cache = `${root}/new/cache`;
    let runs = 0;
    const told: string[] = [];
    const options = {
      cache,
      onFetch: (sentence: string) => told.push(sentence),
      run: ((...args) => (runs++, install(...args))) as Runner,
    };
    const folder = await fetchPackage(DATA, options);
    assertEquals(await fetchPackage(DATA, options), folder);
    assertEquals(runs, 1);
    assertEquals(told.length, 1);
    assertEquals(entries(cache), ["CACHEDIR.TAG", "some-data-1.2.3"]);
    assertEquals(entries(folder), ["img", "package.json"]);
    assertEquals(entries(`${folder}/img`), ["64"]);
    assertEquals(await Deno.readTextFile(`${folder}/img/64/a.png`), "a");
  });
});

Deno.test("fetchPackage() turns to npm if deno fails, and trusts no wrong version", async () => {
  for (const wrong of ["error", "version"]) {
    await withFolder(async (cache) => {
      const programs: string[] = [];
      const run: Runner = async (program, args, folder) => {
        programs.push(program);
        if (program.includes("npm")) return await install(program, args, folder);
        if (wrong === "error") return "no network";
        await writePackage(folder, "1.2.4");
      };
      const folder = await fetchPackage(DATA, { cache, run });
      assertEquals(programs.length, 2);
      assert(/deno(\.exe)?$/.test(programs[0]), programs[0]);
      assertEquals(JSON.parse(await Deno.readTextFile(`${folder}/package.json`)).version, "1.2.3");
    });
  }
});

Deno.test("fetchPackage() fails with one sentence and the command, and leaves nothing behind", async () => {
  await withFolder(async (cache) => {
    const run: Runner = () => Promise.resolve("no network");
    const error = await assertRejects(
      () => fetchPackage(DATA, { cache, run }),
      DataError,
      `run: npm install --prefix "${cache}" some-data@1.2.3`,
    );
    assert(error.message.includes("no network"), error.message);
    assert(!error.message.includes("\n"));
    assert(error.message.includes("(deno: no network; npm"), error.message);
    assertEquals(entries(cache), []);
    // What that command leaves behind is then used.
    await writePackage(cache);
    assertEquals(await fetchPackage(DATA, { cache, run }), `${cache}/node_modules/some-data`);
  });
});

Deno.test("fetchPackage() leaves nothing at the final place after an interruption", async () => {
  await withFolder(async (cache) => {
    const run: Runner = async (_program, _args, folder) => {
      await write(`${folder}/node_modules/some-data/img/64/a.png`, "half");
      throw new Error("killed");
    };
    await assertRejects(() => fetchPackage(DATA, { cache, run }), Error, "killed");
    assertEquals(entries(cache), []);
    // A killed process can't clean up; a much later one does.
    await write(`${cache}/.some-data-old/0/package.json`, "");
    await write(`${cache}/.some-data-young/0/package.json`, "");
    await Deno.utime(`${cache}/.some-data-old`, 0, 0);
    await fetchPackage(DATA, { cache, run: install });
    assertEquals(entries(cache), [".some-data-young", "some-data-1.2.3"]);
  });
});

Deno.test("fetchPackage() gives a whole set to each of two calls at the same time", async () => {
  await withFolder(async (cache) => {
    let waiting = 0;
    let release = () => {};
    const both = new Promise<void>((resolve) => release = resolve);
    const run: Runner = async (...args) => {
      if (++waiting === 2) release();
      await both;
      return await install(...args);
    };
    const options = { cache, run };
    const folders = await Promise.all([fetchPackage(DATA, options), fetchPackage(DATA, options)]);
    assertEquals(waiting, 2);
    assertEquals(folders[0], folders[1]);
    assertEquals(await Deno.readTextFile(`${folders[0]}/img/64/a.png`), "a");
    assertEquals(entries(cache), ["some-data-1.2.3"]);
  });
});

Deno.test("fetchPackage() reports a cache that can't be made", async () => {
  await withFolder(async (root) => {
    await write(`${root}/file`, "");
    await assertRejects(
      () => fetchPackage(DATA, { cache: `${root}/file/cache`, run: install }),
      DataError,
      "set RIN_CACHE",
    );
  });
});
