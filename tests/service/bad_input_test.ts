// What can't be answered gets a 4xx and one sentence, whatever it is.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { RandomStream } from "../../src/nn/random.ts";
import { type Asked, errorOf, serviceTest, withService } from "./tiny_service.ts";

const bodies: [body: unknown, status: number, sentence: string][] = [
  ["", 400, "The body is not valid JSON"],
  ["{", 400, "The body is not valid JSON"],
  ["[]", 400, "The body is not a JSON object"],
  ["null", 400, "The body is not a JSON object"],
  ["5", 400, "The body is not a JSON object"],
  [{ stepz: 3 }, 400, 'There is no field "stepz": did you mean steps?'],
  ['{"__proto__": {"steps": 3}}', 400, 'There is no field "__proto__"'],
  [{ constructor: 1 }, 400, 'There is no field "constructor"'],
  [{ previews: 1 }, 400, 'There is no field "previews"'],
  [{ count: 0 }, 400, "count is 0: expected a whole number from 1 to 256"],
  [{ count: -3 }, 400, "count is -3: expected a whole number"],
  [{ count: 1.5 }, 400, "count is 1.5: expected a whole number"],
  [{ count: "4" }, 400, 'count is "4": expected a whole number'],
  [{ count: null }, 400, "count is null: expected a whole number"],
  [{ count: true }, 400, "count is true: expected a whole number"],
  [{ count: [1] }, 400, "count is [1]: expected a whole number"],
  ['{"count": 1e999}', 400, "count is Infinity: expected a whole number"],
  ['{"count": 1e308}', 400, "count is 1e+308: expected a whole number"],
  [{ steps: 0 }, 400, "steps is 0: expected a whole number from 1 to 1000"],
  [{ steps: 1001 }, 400, "steps is 1001: expected"],
  [{ count: 256, steps: 1000 }, 400, "count x steps is 256000: this service does at most 32000"],
  [{ count: 32, steps: 1000, guidance: 2 }, 400, "count x steps is 64000 with guidance"],
  [{ seed: -1 }, 400, "seed is -1: expected a whole number from 0 to 4294967295"],
  [{ seed: 2 ** 32 }, 400, "seed is 4294967296: expected"],
  [{ sampler: "euler" }, 400, 'sampler is "euler": expected "ddpm", "ddim", "dpm++", "heun" or'],
  [{ sampler: 1 }, 400, "sampler is 1: expected"],
  [{ times: "even" }, 400, 'times is "even": expected "uniform", "cosine" or "logsnr"'],
  [{ variance: "huge" }, 400, 'expected "small" or "large"'],
  [{ eta: 1.1 }, 400, "eta is 1.1: expected a number from 0 to 1"],
  [{ clip: 0 }, 400, "clip is 0: expected true or false, or a number above 0 and up to 1"],
  [{ clip: "on" }, 400, 'clip is "on": expected'],
  [{ warmStart: -0.1 }, 400, "warmStart is -0.1: expected"],
  [{ guidance: "2" }, 400, 'guidance is "2": expected a number from -1000 to 1000'],
  [{ class: "horse" }, 400, `There is no class "horse": this network's classes are cat, dog, bird`],
  [{ class: 3 }, 400, "class is 3: expected a whole number from 0 to 2, or a name"],
  [{ class: -1 }, 400, "class is -1: expected"],
  [{ class: [] }, 400, "class is []: expected"],
  [{ class: ["cat", null] }, 400, 'class is ["cat",null]: expected'],
  [{ class: ["cat", "cow"] }, 400, 'There is no class "cow"'],
  [{ class: "0..3" }, 400, 'There is no class "0..3"'],
  [{ class: "0..99999999999" }, 400, 'There is no class "0..99999999999"'],
  [
    { class: "x".repeat(300) },
    400,
    "expected a whole number from 0 to 2, or a name of at most 256",
  ],
  [
    { format: "jpeg" },
    400,
    'format is "jpeg": expected "png", "grid", "json", "film", "apng" or "gif"',
  ],
  [{ format: "png", count: 2 }, 400, 'format is "png", one image, and count is 2: use "grid" or'],
  [{ class: "x".repeat(70_000) }, 413, "The body is longer than 60000 bytes"],
];

serviceTest(
  "createService() answers every bad body with its sentence, and the next good one with its image",
  (device) =>
    withService(device, { limits: { body: 60_000 } }, async ({ post }) => {
      for (const [body, status, sentence] of bodies) {
        const [found, error] = await errorOf(await post(body));
        const asked = JSON.stringify(body).slice(0, 80);
        assertEquals(found, status, `${asked}: ${error}`);
        assertStringIncludes(error, sentence, asked);
        assert(error.length < 400 && !error.includes("\n"), error);
      }
      assertEquals((await post({ steps: 1 })).status, 200);
    }),
);

serviceTest(
  "createService() refuses bad queries, types of body, methods, and paths",
  (device) =>
    withService(device, {}, async ({ get, post, metric }) => {
      const stream = async (query: string) =>
        await errorOf(await get(`/v1/images/stream?${query}`));
      const queries: [string, string][] = [
        ["steps=", 'steps is "": expected a whole number'],
        ["steps=ten", 'steps is "ten": expected'],
        ["steps=0x10", 'steps is "0x10": expected'],
        ["steps=5&steps=6", '"steps" is given 2 times'],
        ["count=1e3", 'count is "1e3": expected'],
        ["class=horse", 'There is no class "horse"'],
        ["clip=on", 'clip is "on": expected true or false'],
        ["format=png", 'There is no field "format"'],
        ["previews=51", 'previews is "51": expected a whole number from 0 to 50'],
        ["__proto__=1", 'There is no field "__proto__"'],
      ];
      for (const [query, sentence] of queries) {
        const [status, error] = await stream(query);
        assertEquals(status, 400, query);
        assertStringIncludes(error, sentence);
      }
      const plain = await post({ steps: 1 }, { headers: { "content-type": "text/plain" } });
      assertEquals(await errorOf(plain), [
        415,
        'The content-type is "text/plain": expected application/json or multipart/form-data',
      ]);
      const wrong = await get("/v1/images");
      assertEquals([wrong.status, wrong.headers.get("allow")], [405, "POST"]);
      assertEquals((await get("/", { method: "DELETE" })).status, 405);
      for (
        const path of ["/v1", "/v1/images/", "/..%2f..%2fetc%2fpasswd", "/%00", "//", "/deno.json"]
      ) {
        assertEquals(await errorOf(await get(path)), [404, "There is no such path: see /docs"]);
      }
      assertEquals(await metric("rin_images_total"), 0);
      assertEquals(await metric("rin_requests_in_flight"), 0);
    }),
);

serviceTest(
  "createService() refuses a body that comes too slowly, or is too long without saying so",
  (device) =>
    withService(device, { limits: { bodyTime: 50, body: 100 } }, async ({ post, metric }) => {
      const streamed = (start: (controller: ReadableStreamDefaultController) => void) =>
        post("", { body: new ReadableStream({ start }) });
      const slow = await streamed((controller) =>
        controller.enqueue(new TextEncoder().encode("{"))
      );
      assertEquals(await errorOf(slow), [408, "The body did not come within 0.05 s"]);
      const long = await streamed((controller) => {
        for (let i = 0; i < 5; i++) controller.enqueue(new Uint8Array(30).fill(32));
      });
      assertEquals(await errorOf(long), [413, "The body is longer than 100 bytes"]);
      const broken = await streamed((controller) => controller.error(new Error("gone")));
      assertEquals(await errorOf(broken), [400, "The body was cut off"]);
      assertEquals(await metric("rin_requests_in_flight"), 0);
    }),
);

/** Values that a program might send by mistake, or a person on purpose. */
const POOL: unknown[] = [
  ...[0, -0, 1, -1, 3, 0.5, 1e-300, 1e300, 2 ** 31, 2 ** 32, 2 ** 53, NaN, Infinity, true, false],
  ...[null, "", "cat", "0", "1e9", "png", "json", "ddim", "\u0000", "\ud800", "0..2", "__proto__"],
  ...[[], [0], ["cat", 1], [[]], {}, { a: 1 }, "x".repeat(500)],
];
const KEYS = [
  ...["count", "seed", "steps", "sampler", "times", "eta", "variance", "clip", "warmStart"],
  ...["class", "guidance", "format", "__proto__", "toString", ""],
];

serviceTest(
  "createService() answers two thousand random bodies with an image or a sentence",
  (device) =>
    withService(device, { limits: { work: 8, wait: 0 } }, async ({ post, service }: Asked) => {
      const random = new RandomStream(2212, 1);
      let draws = 0;
      const pick = <T>(items: readonly T[]) => items[random.bits(draws++) % items.length];
      let made = 0;
      for (let i = 0; i < 2000; i++) {
        const fields = Array.from({ length: pick([1, 2, 3]) }, () => [pick(KEYS), pick(POOL)]);
        let body = JSON.stringify(Object.fromEntries([["steps", 1], ...fields]));
        if (pick([0, 1, 2]) === 0) {
          const at = random.bits(draws++) % body.length;
          body = body.slice(0, at) + pick(["", "{", "\\", '"', "9", "\ufffd", ","]) +
            body.slice(at + 1);
        }
        const answer = await post(body);
        if (answer.status === 200) {
          made++;
          await answer.body?.cancel();
          continue;
        }
        assertEquals(answer.status, 400, body);
        const [, error] = await errorOf(answer);
        assert(error.length > 10 && error.length < 400, `${body}: ${error}`);
      }
      assert(made > 25, `only ${made} of them were good`);
      assertEquals((await service.fetch(new Request("http://localhost/healthz"))).status, 200);
    }),
);
