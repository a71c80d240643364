// The examples keep pictures by URL in the platform's cache, where there is one: the same picture is drawn
// once.

import { assertEquals } from "@std/assert";
import { metricOf } from "../cli/serving.ts";
import { withFolder } from "../data/scratch.ts";
import { sha256 } from "../../src/model/identity.ts";
import { CHECKPOINT, firstAnswer, serve, SERVERS, start, type Started } from "./served.ts";

/** What Cloudflare has in place of this: workerd sends what is to be kept as the text of an answer. */
const CACHE = `
  const kept = new Map();
  export default {
    async fetch(request) {
      if (request.method === "PUT") {
        const bytes = new Uint8Array(await request.arrayBuffer());
        const text = new TextDecoder("latin1").decode(bytes);
        const end = text.indexOf("\\r\\n\\r\\n");
        const headers = text.slice(0, end).split("\\r\\n").slice(1).map((line) => line.split(/: */, 2));
        kept.set(request.url, [bytes.slice(end + 4), headers]);
        return new Response(null, { status: 204 });
      }
      const [body, headers] = kept.get(request.url) ?? [];
      if (!body) return new Response(null, { status: 504, headers: { "cf-cache-status": "MISS" } });
      return new Response(body, { headers: [...headers, ["cf-cache-status", "HIT"]] });
    },
  };`;

async function assertDrawnOnce({ url }: Started): Promise<void> {
  const get = async (query: string) => {
    const answer = await fetch(`${url}v1/images/7.png?steps=5${query}`);
    const bytes = await answer.bytes();
    assertEquals([answer.status, answer.headers.get("content-type")], [200, "image/png"]);
    return bytes.toBase64();
  };
  const drawn = () => metricOf(url, "rin_images_total");
  const kept = `&network=${await sha256(CHECKPOINT)}`;
  const before = await drawn();
  const first = await get(kept);
  for (let i = 0; i < 3; i++) assertEquals(await get(kept), first);
  assertEquals(await drawn(), before + 1);
  // Without the network's hash a URL says not for how long its picture is right.
  for (let i = 0; i < 2; i++) assertEquals(await get(""), first);
  assertEquals(await drawn(), before + 3);
}

const workerd = await SERVERS.workerd.program();

Deno.test({
  name: "examples/cloudflare keeps pictures in Cloudflare's cache",
  ignore: workerd === undefined,
  fn: () =>
    withFolder(async (folder) => {
      await SERVERS.workerd.prepare(folder);
      await Deno.writeTextFile(`${folder}/cache.js`, CACHE);
      const config = await Deno.readTextFile(`${folder}/config.capnp`);
      const date = /compatibilityDate = "[^"]+",/.exec(config)![0];
      const withCache = config
        .replace("worker = .worker)", 'worker = .worker), (name = "cache", worker = .cache)')
        .replace(date, `${date} cacheApiOutbound = "cache",`);
      await Deno.writeTextFile(
        `${folder}/config.capnp`,
        `${withCache}\nconst cache :Workerd.Worker = (${date}
           modules = [(name = "cache.js", esModule = embed "cache.js")]);`,
      );
      const served = start(folder, workerd!, SERVERS.workerd);
      try {
        await (await firstAnswer(served, (url) => fetch(`${url}healthz`))).text();
        await assertDrawnOnce(served);
      } finally {
        await served.stop();
      }
    }),
});

Deno.test("examples/deno_deploy keeps pictures in Deno's cache", () =>
  withFolder(async (folder) => {
    const served = await serve(folder, Deno.execPath(), SERVERS.deno);
    try {
      await assertDrawnOnce(served);
    } finally {
      await served.stop();
    }
  }));
