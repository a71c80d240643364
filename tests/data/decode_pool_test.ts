import { assertEquals, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { decodeFile } from "../../src/data/decode_file.ts";
import { DecodePool } from "../../src/data/decode_pool.ts";
import { DataError } from "../../src/data/errors.ts";
import { newTurn } from "../../src/data/large_turn.ts";
import { greyPng, withFolder, write } from "./scratch.ts";
import { rgb } from "../helpers/rgb.ts";

Deno.test("DecodePool gives what the main thread would, each file its own answer", async () => {
  await withFolder(async (root) => {
    const pool = new DecodePool(2);
    const paths = Array.from({ length: 20 }, (_, i) => `${root}/${i}.png`);
    for (const [i, path] of paths.entries()) await write(path, await greyPng(10 * i));
    await write(`${root}/bad.png`, "hello");
    const bad = assertRejects(
      () => pool.decode(`${root}/bad.png`, rgb(2)),
      DataError,
      "is not PNG",
    );
    const gone = assertRejects(() => pool.decode(`${root}/none.png`, rgb(2)), DataError);
    const found = await Promise.all(paths.map((path) => pool.decode(path, rgb(3))));
    assertEquals(found, paths.map((path) => decodeFile(path, rgb(3))));
    await Promise.all([bad, gone]);
    pool.close();
  });
});

Deno.test("DecodePool starts its workers from a program bundled into one file, too", async () => {
  await withFolder(async (root) => {
    await write(`${root}/a.png`, await greyPng(77));
    const module = new URL("../../src/data/decode_pool.ts", import.meta.url);
    const entry = `import { DecodePool } from "${module}";
      if (import.meta.main) {
        const pool = new DecodePool(1);
        console.log((await pool.decode("${root}/a.png", { imageSize: 2, channels: 3 })).join());
        pool.close();
      }`;
    await write(`${root}/entry.ts`, entry);
    const deno = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout).trim();
    };
    const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
    const options = ["--config", config, "--no-check", "--quiet"];
    await deno("bundle", ...options, "-o", `${root}/bundle.js`, `${root}/entry.ts`);
    assertEquals(
      await deno("run", "-A", "--no-config", `${root}/bundle.js`),
      Array(12).fill(77).join(),
    );
  });
});

Deno.test("newTurn() makes a second large picture wait for the first, but no small one", async () => {
  const module = new URL("../../src/data/large_turn.ts", import.meta.url);
  const body = `import { giveTurn, takeTurn, useTurn } from "${module}";
    onmessage = ({ data }) => {
      if (data instanceof SharedArrayBuffer) return useTurn(data);
      if (data === 0) giveTurn();
      else takeTurn(data);
      postMessage(data);
    };`;
  const url = URL.createObjectURL(new Blob([body], { type: "application/javascript" }));
  const turn = newTurn();
  const workers = [0, 1].map(() => new Worker(url, { type: "module" }));
  const said: number[][] = [[], []];
  let heard = () => {};
  workers.forEach((worker, i) => {
    worker.postMessage(turn);
    worker.onmessage = ({ data }) => {
      said[i].push(data);
      heard();
    };
  });
  const until = async (i: number, count: number) => {
    while (said[i].length < count) await new Promise<void>((resolve) => heard = resolve);
  };
  workers[0].postMessage(40e6);
  await until(0, 1);
  workers[1].postMessage(30e6);
  await until(1, 1);
  workers[1].postMessage(50e6);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertEquals(said, [[40e6], [30e6]]);
  workers[0].postMessage(0);
  await until(0, 2);
  await until(1, 2);
  assertEquals(said, [[40e6, 0], [30e6, 50e6]]);
  for (const worker of workers) worker.terminate();
  URL.revokeObjectURL(url);
});
