// What each path answers, and to whom.

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { decode } from "fast-png";
import { createService } from "../../src/service/service.ts";
import { requestCpu } from "../../src/device/cpu/request.ts";
import type { Device } from "../../src/device/device.ts";
import { requestGpu } from "../../src/device/webgpu/gpu.ts";
import { available } from "../helpers/gpu.ts";
import { labelledGridPng } from "../../src/picture/labelled_grid.ts";
import { gridPng, imagePng } from "../../src/picture/pictures.ts";
import { recordIn } from "../../src/picture/record.ts";
import { sha256 } from "../../src/model/identity.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { CHECKPOINT, CONFIG, errorOf, serviceTest, withService } from "./tiny_service.ts";
import { rgb } from "../helpers/rgb.ts";

const settings = { steps: 3, sampler: "ddim", eta: 0.5, seed: 9 } as const;

serviceTest(
  "createService() gives a PNG, a grid, or JSON with the images of Rin.sample()",
  (device) =>
    withService(device, {}, async ({ post, rin }) => {
      const pixels = (png: Uint8Array) => Array.from(decode(png).data);
      const images = await rin.sample({ ...settings, count: 3, labels: [2, 0, 2], guidance: 2 });
      const asked = { ...settings, count: 3, class: ["bird", "cat"], guidance: 2 };
      const grid = await post(asked);
      assertEquals(grid.headers.get("content-type"), "image/png");
      const gridBytes = await grid.bytes();
      const words = ["bird", "cat", "bird"];
      assertEquals(
        pixels(gridBytes),
        pixels(labelledGridPng(images, rgb(8), words, { columns: 2 })),
      );
      const plain = await post({ ...settings, count: 3 });
      const free = await rin.sample({ ...settings, count: 3 });
      assertEquals(pixels(await plain.bytes()), pixels(gridPng(free, rgb(8))));
      assertEquals(recordIn(gridBytes), {
        checkpoint: await sha256(CHECKPOINT),
        count: 3,
        steps: 3,
        sampler: "ddim",
        times: "uniform",
        eta: 0.5,
        variance: "small",
        clip: "on",
        warmStart: 1,
        selfCondDecay: 0,
        timeDifference: 0,
        seed: 9,
        class: "2,0",
        guidance: 2,
      });
      const json = await (await post({ ...asked, format: "json" })).json();
      for (const [i, { png, ...rest }] of json.images.entries()) {
        assertEquals(rest, { index: i, seed: 9, class: [2, 0, 2][i] });
        const bytes = Uint8Array.fromBase64(png);
        assertEquals(pixels(bytes), pixels(imagePng(images, i, rgb(8))));
        const { label, index } = recordIn(bytes)!;
        assertEquals([label, index], [[2, 0, 2][i], i]);
      }
      const one = await (await post({ ...settings, clip: 0.9 })).bytes();
      assertEquals(
        pixels(one),
        pixels(imagePng(await rin.sample({ ...settings, count: 1, clip: 0.9 }), 0, rgb(8))),
      );
      assertEquals([recordIn(one)?.clip, recordIn(one)?.class], ["0.9", undefined]);
    }),
);

/** The events of a stream. */
async function events(
  response: Response,
): Promise<[name: string, data: Record<string, unknown>][]> {
  const text = await response.text();
  assert(text.endsWith("\n\n"));
  return text.trimEnd().split("\n\n").map((block) => {
    const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(block)!;
    return [name, JSON.parse(data)];
  });
}

serviceTest(
  "createService() streams progress, previews, and at last the images",
  (device) =>
    withService(device, {}, async ({ get, post, metric }) => {
      const query = "count=2&seed=9&steps=6&class=dog&previews=3&sampler=ddim";
      const answer = await get(`/v1/images/stream?${query}`);
      assertEquals(answer.headers.get("content-type"), "text/event-stream");
      const found = await events(answer);
      const of = (name: string) =>
        found.filter(([other]) => other === name).map(([, data]) => data);
      assertEquals(of("preview").map(({ index, step, steps }) => [index, step, steps]), [
        [0, 2, 6],
        [1, 2, 6],
        [0, 4, 6],
        [1, 4, 6],
      ]);
      const progress = of("progress");
      assertEquals([progress[0], progress.at(-1)], [{ done: 0, total: 12 }, {
        done: 12,
        total: 12,
      }]);
      const body = { count: 2, seed: 9, steps: 6, class: "dog", sampler: "ddim", format: "json" };
      assertEquals(of("image"), (await (await post(body)).json()).images);
      assertEquals(found.at(-1), ["done", { images: 2 }]);
      const none = await events(await get("/v1/images/stream?steps=2&previews=0"));
      assertEquals(none.filter(([name]) => name === "preview"), []);
      assertEquals(await metric('rin_requests_total{route="/v1/images/stream",status="200"}'), 2);
      assertEquals(await metric("rin_request_seconds_count"), 3);
    }),
);

serviceTest(
  "createService() describes the network, and sends its checkpoint in parts",
  (device) =>
    withService(device, {}, async ({ get }) => {
      const model = await (await get("/model.json")).json();
      assertEquals(model.config, CONFIG);
      assertEquals([model.name, model.server, model.classNames], ["pets", true, [
        "cat",
        "dog",
        "bird",
      ]]);
      const { url, sha256: hash, bytes } = model.checkpoint;
      assertEquals([hash, bytes], [await sha256(CHECKPOINT), CHECKPOINT.length]);
      const whole = await get(`/${url}`);
      assertEquals(await whole.bytes(), CHECKPOINT);
      const part = await get(`/${url}`, { headers: { range: "bytes=100-199" } });
      assertEquals([part.status, part.headers.get("etag")], [206, `"${hash}"`]);
      assertEquals(await part.bytes(), CHECKPOINT.slice(100, 200));
      const beyond = await get(`/${url}`, { headers: { range: "bytes=99999999-" } });
      assertEquals((await errorOf(beyond))[0], 416);
      const head = await get(`/${url}`, { method: "HEAD" });
      assertEquals([await head.text(), head.headers.get("content-length")], [
        "",
        String(CHECKPOINT.length),
      ]);
    }),
);

serviceTest(
  "createService() sends the files of a page, with headers that keep others out",
  async (device) => {
    const assets = new Map([
      ["/", { body: "<p>Hello</p>", type: "text/html; charset=utf-8" }],
      ["/page.js", { body: new TextEncoder().encode("1"), type: "text/javascript" }],
    ]);
    await withService(device, { assets }, async ({ get }) => {
      const page = await get("/");
      assertEquals([await page.text(), page.headers.get("content-type")], [
        "<p>Hello</p>",
        "text/html; charset=utf-8",
      ]);
      const policy = page.headers.get("content-security-policy")!;
      assertStringIncludes(policy, "default-src 'none'; script-src 'self' 'wasm-unsafe-eval';");
      assertStringIncludes(policy, "frame-ancestors 'none'");
      for (const path of ["/page.js", "/nothing", "/metrics"]) {
        const { headers, body } = await get(path);
        assertEquals(headers.get("x-content-type-options"), "nosniff", path);
        // Both isolate the page, and all that it fetches must allow it.
        assertEquals(headers.get("cross-origin-opener-policy"), "same-origin", path);
        assertEquals(headers.get("cross-origin-embedder-policy"), "require-corp", path);
        assertEquals(headers.get("cross-origin-resource-policy"), "same-origin", path);
        await body?.cancel();
      }
      const etag = page.headers.get("etag")!;
      assertEquals((await get("/", { headers: { "if-none-match": etag } })).status, 304);
    });
    await withService(device, {}, async ({ get }) => {
      assertStringIncludes(await (await get("/")).text(), "/docs");
    });
  },
);

serviceTest(
  "createService() guards the network with a token, but not the page and its documentation",
  (device) =>
    withService(device, { token: "sesame" }, async ({ get, post }) => {
      const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
      const kept = [
        "/model.json",
        "/checkpoint.safetensors",
        "/metrics",
        "/v1/images/stream?steps=1",
      ];
      for (const path of kept) {
        const without = await get(path);
        assertEquals(without.headers.get("www-authenticate"), "Bearer");
        assertEquals(await errorOf(without), [
          401,
          "A token is needed: send the header Authorization: Bearer TOKEN",
        ]);
        for (const wrong of ["sesam", "sesame1", "Sesame"]) {
          const answer = await errorOf(await get(path, bearer(wrong)));
          assertEquals(answer, [401, "The token is wrong"]);
        }
        const right = await get(path, bearer("sesame"));
        assertEquals(right.status, 200);
        await right.text();
      }
      assertEquals((await post({ steps: 1 })).status, 401);
      assertEquals((await post({ steps: 1 }, bearer("sesame"))).status, 200);
      for (const path of ["/", "/healthz", "/openapi.json", "/docs"]) {
        const answer = await get(path);
        assertEquals(answer.status, 200, path);
        await answer.body?.cancel();
      }
    }),
);

serviceTest(
  "createService() answers no page from elsewhere on loopback, by name or mark",
  (device) =>
    withService(device, { hosts: ["localhost"] }, async ({ get, post, service }) => {
      const rebound = await service.fetch(new Request("http://example.com/model.json"));
      assertEquals((await errorOf(rebound))[0], 403);
      const from = (site: string, mode = "cors") => ({
        headers: { "sec-fetch-site": site, "sec-fetch-mode": mode },
      });
      for (const site of ["cross-site", "same-site"]) {
        assertEquals((await post({ steps: 1 }, from(site))).status, 403);
        assertEquals((await get("/v1/images/stream?steps=1", from(site, "no-cors"))).status, 403);
        assertEquals((await get("/v1/images/stream?steps=1", from(site, "navigate"))).status, 403);
        const link = await get("/", from(site, "navigate"));
        assertEquals(link.status, 200);
        await link.body?.cancel();
      }
      assertEquals((await post({ steps: 1 }, from("same-origin"))).status, 200);
    }),
);

serviceTest(
  "createService() describes every field, and the page shows the same",
  (device) =>
    withService(device, { limits: { queue: 7 } }, async ({ get, post }) => {
      const document = await (await get("/openapi.json")).json();
      assertEquals(document.openapi, "3.1.0");
      const schema =
        document.paths["/v1/images"].post.requestBody.content["application/json"].schema;
      const [, known] = await errorOf(await post({ unknown: 1 }));
      assertEquals(known.split("known are ")[1].split(", "), Object.keys(schema.properties));
      assertEquals(schema.properties.count.maximum, 7);
      const docs = await get("/docs");
      assertMatch(docs.headers.get("content-type")!, /^text\/html/);
      const html = await docs.text();
      for (const path of Object.keys(document.paths)) {
        assertEquals((await get(path, { method: "PUT" })).status, 405, path);
        assertStringIncludes(html, `</b> ${path}</code>`);
      }
      for (const field of Object.keys(schema.properties)) {
        assertStringIncludes(html, `<code>${field}</code>`);
      }
      assertStringIncludes(html, "-o image.png http://localhost/v1/images");
      assert(!/<script|(src|href)="?https?:|url\(/.test(html), "nothing from elsewhere");
      // What the defaults say is what is done.
      const defaults = Object.entries<{ default?: unknown }>(schema.properties)
        .flatMap(([name, { default: value }]) => value === undefined ? [] : [[name, value]]);
      const written = await (await post({ ...Object.fromEntries(defaults), steps: 2 })).bytes();
      assertEquals(await (await post({ steps: 2 })).bytes(), written);
    }),
);

serviceTest(
  "createService() refuses new requests and finishes open ones while it drains",
  (device) =>
    withService(device, {}, async ({ get, post, service }) => {
      const under = post({ steps: 40 });
      const stream = get("/v1/images/stream?steps=30&previews=1");
      await Promise.resolve();
      let drained = false;
      const drain = service.drain().then(() => drained = true);
      const late = await post({ steps: 1 });
      assertEquals(late.headers.get("retry-after"), "5");
      assertEquals((await errorOf(late))[0], 503);
      assertEquals((await get("/healthz")).status, 503);
      assertEquals(drained, false);
      const [image, shown] = await Promise.all([under, stream]);
      assertEquals([image.status, shown.status], [200, 200]);
      assertEquals((await events(shown)).at(-1)![0], "done");
      await drain;
    }),
);

serviceTest(
  "createService() ends open requests with a sentence when it closes",
  (device) =>
    withService(device, {}, async ({ get, post, service }) => {
      const under = post({ steps: 1000, count: 20 });
      const stream = await get("/v1/images/stream?steps=1000&previews=0");
      service.close();
      assertEquals(await errorOf(await under), [503, "The service is shutting down"]);
      assertEquals((await events(stream)).at(-1), [
        "error",
        { error: "The service is shutting down" },
      ]);
      await service.drain();
    }),
);

/** Loses the device of a service while it makes images, and sees who learns of it. */
async function loseDevice(device: Device, lose: () => void, message: string): Promise<void> {
  const faults: Error[] = [];
  const onFault = (fault: Error) => faults.push(fault);
  const limits = { batch: 1 };
  await withService(device, { onFault, limits }, async ({ get, post, metric }) => {
    const [first, waiting] = [post({ steps: 1000 }), post({ steps: 5 })];
    const stream = await get("/v1/images/stream?steps=6");
    while (await metric("rin_evaluations_total") < 2) await device.idle();
    lose();
    const [status, sentence] = await errorOf(await first);
    assertEquals(status, 503);
    assertStringIncludes(sentence, message);
    for (const answer of [await waiting, await post({ steps: 1 }), await get("/healthz")]) {
      assertEquals(await errorOf(answer), [503, sentence]);
    }
    assertEquals((await events(stream)).at(-1), ["error", { error: sentence }]);
    assertEquals(faults.map(({ message }) => message), [sentence]);
    assertEquals((await get("/model.json")).status, 200);
  });
  device.destroy();
}

Deno.test({
  name: "createService() reports a lost GPU to all clients and to the host",
  ignore: !available,
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    const gpu = await requestGpu();
    // What the device refuses, it tells when it has come to it.
    const lose = () =>
      gpu.device.queue.writeBuffer(
        gpu.device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ }),
        0,
        new Uint8Array(16),
      );
    await loseDevice(gpu, lose, "The GPU refused a command");
  },
});

Deno.test("createService() reports a lost CPU device to all clients and to the host", async () => {
  const cpu = await requestCpu({ threads: 1 });
  await loseDevice(cpu, () => cpu.destroy(), "The CPU device was destroyed");
});

Deno.test("createService() answers 507 in one sentence if the device's memory is too small", async () => {
  const cpu = await requestCpu({ threads: 1, memoryLimit: 2 ** 20 });
  const rin = await Rin.create(cpu, { ...CONFIG, imageSize: 256, patchSize: 32 });
  const service = await createService({ rin, checkpoint: await rin.save() });
  const headers = { "content-type": "application/json" };
  const asked = { method: "POST", headers, body: JSON.stringify({ steps: 1 }) };
  const answer = await service.fetch(new Request("http://localhost/v1/images", asked));
  const [status, sentence] = await errorOf(answer);
  assertEquals(status, 507);
  assertMatch(sentence, /^This model needs \d+ MiB \(.*the CPU device's memory ends at 1 MiB; use/);
  cpu.destroy();
});

serviceTest("createService() refuses limits that make no sense", async (device) => {
  const rin = await Rin.load(device, CHECKPOINT);
  const bad = { rin, checkpoint: CHECKPOINT, limits: { batch: 0 } };
  await assertRejects(() => createService(bad), RangeError, "limits.batch is 0: expected a whole");
  rin.destroy();
});
