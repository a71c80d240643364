// Pictures by URL: what they are known by, how long caches keep them, and when they are drawn.

import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { sha256 } from "../../src/model/identity.ts";
import { writeCheckpoint } from "../../src/model/checkpoint.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { recordIn } from "../../src/picture/record.ts";
import { createService } from "../../src/service/service.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { gpuTest } from "../helpers/gpu.ts";
import {
  type Asked,
  CHECKPOINT,
  CONFIG,
  errorOf,
  serviceTest,
  withService,
} from "./tiny_service.ts";

const HASH = await sha256(CHECKPOINT);
const FOREVER = "max-age=31536000, immutable";

const etagOf = async ({ get }: Pick<Asked, "get">, address: string) => {
  const { status, headers } = await get(`/v1/images/${address}`, { method: "HEAD" });
  assertEquals(status, 200, address);
  return headers.get("etag")!;
};

serviceTest(
  "picture URLs give the picture that a POST gives",
  (device) =>
    withService(device, {}, async ({ get, post }) => {
      const answer = await get("/v1/images/7.png?steps=3&sampler=dpm%2B%2B&class=dog&guidance=2");
      assertEquals([answer.status, answer.headers.get("content-type")], [200, "image/png"]);
      assertEquals(answer.headers.get("cache-control"), "no-cache");
      assertMatch(answer.headers.get("etag")!, /^"[0-9a-f]{64}"$/);
      const asked = { seed: 7, steps: 3, sampler: "dpm++", class: 1, guidance: 2 };
      assertEquals(await answer.bytes(), await (await post(asked)).bytes());
    }),
);

gpuTest("a service in half precision records it, and its ETags differ", async (gpu) => {
  const etags: string[] = [];
  for (const precision of ["f32", "f16"] as const) {
    const rin = await Rin.load(gpu, CHECKPOINT, { precision });
    const { fetch } = await createService({ rin, checkpoint: CHECKPOINT });
    const answer = await fetch(new Request("http://localhost/v1/images/7.png?steps=1"));
    etags.push(answer.headers.get("etag")!);
    const recorded = recordIn(await answer.bytes())?.precision;
    assertEquals(recorded, precision === "f16" ? "f16" : undefined);
    rin.destroy();
  }
  assertNotEquals(etags[0], etags[1]);
}, "shader-f16");

serviceTest(
  "picture URLs keep their ETag whatever the order, defaults, and names of classes",
  (device) =>
    withService(device, {}, async (asked) => {
      const etag = await etagOf(asked, "7.png?steps=3&class=dog");
      for (
        const same of [
          "7.png?class=dog&steps=3",
          "7.png?class=1&steps=3",
          "07.png?class=1&steps=3",
          `7.png?class=1&steps=3&network=${HASH}`,
          "7.png?warmStart=1&clip=true&guidance=1&eta=0&sampler=dpm%2B%2B&class=dog&steps=3.0",
        ]
      ) assertEquals(await etagOf(asked, same), etag, same);
      for (
        const other of [
          "8.png?steps=3&class=dog",
          "7.png?steps=4&class=dog",
          "7.png?steps=3",
          "7.png?steps=3&class=dog&clip=0.9",
          "7.png?steps=3&class=dog&sampler=heun",
        ]
      ) assertNotEquals(await etagOf(asked, other), etag, other);
    }),
);

serviceTest("picture URLs have an ETag of the network and of the device", async (device) => {
  const elsewhere = new Proxy(device, {
    get: (target, key) => {
      if (key === "provenance") return "another device";
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const slabs = { parameters: initialize(parameterLayout(CONFIG), 2) };
  const other = writeCheckpoint({ config: CONFIG, slabs });
  const etags = new Set<string>();
  for (
    const [on, checkpoint] of [[device, CHECKPOINT], [elsewhere, CHECKPOINT], [
      device,
      other,
    ]] as const
  ) {
    const rin = await Rin.load(on, checkpoint);
    const { fetch } = await createService({ rin, checkpoint });
    const get = (path: string, init?: RequestInit) =>
      fetch(new Request(`http://localhost${path}`, init));
    etags.add(await etagOf({ get }, "1.png?steps=1"));
    rin.destroy();
  }
  assertEquals(etags.size, 3);
});

serviceTest(
  "picture URLs that name their network are cached, and a 404 names the right one",
  (device) =>
    withService(device, {}, async ({ get }) => {
      const kept = await get(`/v1/images/1.png?steps=1&network=${HASH}`);
      assertEquals([kept.status, kept.headers.get("cache-control")], [200, `public, ${FOREVER}`]);
      await kept.body?.cancel();
      for (const wrong of ["", "0".repeat(64), HASH.slice(0, 63)]) {
        const answer = await get(`/v1/images/1.png?network=${wrong}`);
        assertEquals(answer.headers.get("cache-control"), "no-store");
        const [status, sentence] = await errorOf(answer);
        assertEquals(status, 404);
        assert(sentence.endsWith(`this service's is ${HASH}`), sentence);
      }
    }),
);

serviceTest("picture URLs take both hashes of a copy for sampling", async (device) => {
  const original = "ab".repeat(32);
  const copy = writeCheckpoint({
    config: CONFIG,
    slabs: { parameters: initialize(parameterLayout(CONFIG), 1) },
    about: { same_weights_as: original },
  });
  const rin = await Rin.load(device, copy);
  const { fetch } = await createService({ rin, checkpoint: copy });
  for (const hash of [original, await sha256(copy)]) {
    const address = `http://localhost/v1/images/1.png?network=${hash}`;
    assertEquals((await fetch(new Request(address, { method: "HEAD" }))).status, 200);
  }
  rin.destroy();
});

serviceTest(
  "picture URLs draw nothing for a known picture, or for HEAD",
  (device) =>
    withService(device, {}, async ({ get, metric }) => {
      const path = `/v1/images/3.png?steps=2&network=${HASH}`;
      const head = await get(path, { method: "HEAD" });
      assertEquals([head.status, await head.text()], [200, ""]);
      const etag = head.headers.get("etag")!;
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
        const answer = await get(path, { headers: { "if-none-match": known } });
        assertEquals([answer.status, await answer.text()], [304, ""]);
        for (const name of ["etag", "cache-control"]) {
          assertEquals(answer.headers.get(name), head.headers.get(name));
        }
      }
      assertEquals(await metric("rin_images_total"), 0);
      const drawn = await get(path, { headers: { "if-none-match": '"other"' } });
      assertEquals(drawn.status, 200);
      for (const name of ["etag", "cache-control", "content-type"]) {
        assertEquals(drawn.headers.get(name), head.headers.get(name));
      }
      await drawn.body?.cancel();
      assertEquals(await metric("rin_images_total"), 1);
      const route = "/v1/images/{seed}.png";
      assertEquals(await metric(`rin_requests_total{route="${route}",status="304"}`), 4);
    }),
);

serviceTest(
  "picture URLs that need a token are for no shared cache",
  (device) =>
    withService(device, { token: "sesame" }, async ({ get }) => {
      const headers = { authorization: "Bearer sesame" };
      const control = async (query: string) => {
        const answer = await get(`/v1/images/3.png?steps=1${query}`, { headers });
        await answer.body?.cancel();
        return [answer.status, answer.headers.get("cache-control")];
      };
      assertEquals(await control(`&network=${HASH}`), [200, `private, ${FOREVER}`]);
      assertEquals(await control(""), [200, "private, no-cache"]);
      const without = await get(`/v1/images/3.png?network=${HASH}`);
      assertEquals([without.status, without.headers.get("cache-control")], [401, "no-store"]);
    }),
);

serviceTest(
  "picture URLs that are wrong get their sentence, which nobody caches",
  (device) =>
    withService(device, {}, async ({ get }) => {
      const asked: [address: string, status: number, sentence: string][] = [
        ["cat.png", 400, 'seed is "cat": expected a whole number from 0 to 4294967295'],
        ["-1.png", 400, "seed is"],
        ["4294967296.png", 400, "seed is"],
        ["%zz.png", 400, 'seed is "%zz"'],
        ["1.png?seed=2", 400, '"seed" is given 2 times'],
        ["1.png?count=1", 400, 'There is no field "count"'],
        ["1.png?steps=0", 400, "steps is"],
        ["1.png?class=cow", 400, 'There is no class "cow"'],
        [`1.png?network=${"a".repeat(65)}`, 400, "network is"],
        ["1.jpg", 404, "There is no such path"],
        ["1/2.png", 404, "There is no such path"],
      ];
      for (const [address, status, sentence] of asked) {
        const answer = await get(`/v1/images/${address}`);
        assertEquals(answer.headers.get("cache-control"), "no-store");
        const [found, error] = await errorOf(answer);
        assertEquals(found, status, address);
        assert(error.startsWith(sentence), error);
      }
      assertEquals(
        (await get("/v1/images/1.png", { method: "POST" })).headers.get("allow"),
        "GET, HEAD",
      );
    }),
);
