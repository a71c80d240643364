import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { CommandError } from "../../cli/errors.ts";
import { serveRun } from "../../cli/report/server.ts";
import { withFolder } from "../data/scratch.ts";
import { dataIn, writeRun } from "./run_files.ts";

/** Runs a test against the page of a run with grids at steps 10 and 20. */
async function served(
  test: (get: (path: string, init?: RequestInit) => Promise<Response>, folder: string) => unknown,
): Promise<void> {
  await withFolder(async (folder) => {
    await writeRun(folder, { steps: 20, grids: 2 });
    const page = serveRun(folder, undefined);
    try {
      await test((path, init) => fetch(new URL(path, page.url), init), folder);
    } finally {
      page.stop();
    }
  });
}

Deno.test("serveRun() sends the page, then what is new, and nothing if nothing is", () =>
  served(async (get, folder) => {
    const html = await (await get("/")).text();
    assertStringIncludes(html, 'id="status"');
    assertEquals(dataIn(html).grids.map(({ src }: { src: string }) => src), [
      "samples/10.png",
      "samples/20.png",
    ]);
    const first = await get("/data.json"), tag = first.headers.get("etag")!;
    assertEquals((await first.json()).tiles[0].value, "20");
    const same = await get("/data.json", { headers: { "if-none-match": tag } });
    assertEquals([same.status, await same.text()], [304, ""]);
    await Deno.writeTextFile(`${folder}/metrics.jsonl`, '{"step":21,"loss":1}\n', { append: true });
    const next = await get("/data.json", { headers: { "if-none-match": tag } });
    assertEquals([next.status, (await next.json()).tiles[0].value], [200, "21"]);
  }));

Deno.test("serveRun() sends grids by their steps, and lets no path reach the disk", () =>
  served(async (get, folder) => {
    const png = await get("/samples/20.png");
    assertEquals(png.headers.get("content-type"), "image/png");
    assertEquals(await png.bytes(), await Deno.readFile(`${folder}/samples/step-000020.png`));
    await Deno.writeTextFile(`${folder}/samples/1.png`, "");
    for (
      const path of [
        "/samples/11.png",
        "/samples/1.png",
        "/samples/step-000020.png",
        "/config.json",
        "/samples/..%2fconfig.json",
        "/..%2f..%2fetc%2fpasswd",
        "/samples/999999999999999999999.png",
        "/samples/",
      ]
    ) {
      const answer = await get(path);
      assertEquals([answer.status, await answer.text()], [404, "There is nothing here"], path);
    }
    const post = await get("/", { method: "POST" });
    assertEquals([post.status, await post.text()], [405, "This page answers only GET"]);
  }));

Deno.test("serveRun() refuses another name for this machine", () =>
  served(async (get) => {
    const { port } = new URL(
      (await get("/x").then((answer) => (answer.body?.cancel(), answer))).url,
    );
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    const request = "GET /data.json HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n";
    await connection.write(new TextEncoder().encode(request));
    const answer = await new Response(connection.readable).text();
    assert(answer.startsWith("HTTP/1.1 403"), answer);
    assert(!answer.includes("tiles"));
  }));

Deno.test("serveRun() reports a run that it can't read, and reads it once it can", () =>
  withFolder(async (folder) => {
    const page = serveRun(folder, undefined);
    try {
      const early = await fetch(page.url + "data.json");
      assertEquals(early.status, 503);
      assertStringIncludes(await early.text(), "it has no config.json");
      await writeRun(folder, { steps: 3 });
      assertEquals((await (await fetch(page.url + "data.json")).json()).tiles[0].value, "3");
    } finally {
      page.stop();
    }
  }));

Deno.test("serveRun() names a port in use, or finds another if none was asked for", () => {
  const first = serveRun("nowhere", undefined), second = serveRun("nowhere", undefined);
  try {
    assert(first.url !== second.url);
    assertThrows(
      () => serveRun("nowhere", Number(new URL(second.url).port)),
      CommandError,
      "another program uses it; give another --port",
    );
  } finally {
    first.stop();
    second.stop();
  }
});
