// Pages of other origins: which of them get an answer.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createService } from "../../src/service/service.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { CHECKPOINT, errorOf, serviceTest, withService } from "./tiny_service.ts";

const ORIGIN = "https://example.org";

/** A request as a page of an origin makes it. */
const from = (origin: string, init: RequestInit = {}): RequestInit => ({
  ...init,
  headers: { origin, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", ...init.headers },
});

const preflight = (origin: string, method = "POST") =>
  from(origin, {
    method: "OPTIONS",
    headers: { "access-control-request-method": method },
  });

const named = ({ headers }: Response, ...names: string[]) =>
  names.map((name) => headers.get(`access-control-${name}`));

for (const hosts of [["localhost"], undefined]) {
  const where = hosts ? "on loopback" : "anywhere";
  serviceTest(
    `cors ${where} accepts pages of the given origins, and no others`,
    (device) =>
      withService(
        device,
        { hosts, cors: [ORIGIN, "http://localhost:8080"] },
        async ({ get, post }) => {
          for (const origin of [ORIGIN, "http://localhost:8080"]) {
            const answers = [
              await post({ steps: 1 }, from(origin)),
              await get("/v1/images/1.png?steps=1", from(origin)),
              await get("/v1/images/1.png", from(origin, { headers: { "if-none-match": "*" } })),
              await get("/model.json", from(origin)),
              await get("/v1/images/1.png?steps=0", from(origin)),
            ];
            assertEquals(answers.map(({ status }) => status), [200, 200, 304, 200, 400]);
            for (const answer of answers) {
              assertEquals(named(answer, "allow-origin", "allow-credentials"), [origin, null]);
              assertEquals(answer.headers.get("vary"), "Origin");
              assertStringIncludes(named(answer, "expose-headers")[0]!, "etag");
              await answer.body?.cancel();
            }
          }
          for (
            const origin of [
              "https://example.org:8443",
              "http://example.org",
              "null",
              `${ORIGIN}.evil`,
            ]
          ) {
            const answer = await get("/model.json", from(origin));
            // Elsewhere it is the browser that gives the page nothing.
            assertEquals(answer.status, hosts ? 403 : 200);
            assertEquals(named(answer, "allow-origin"), [null]);
            assertEquals(answer.headers.get("vary"), "Origin");
            await answer.body?.cancel();
            const refused = await get("/v1/images", preflight(origin));
            assertEquals(named(refused, "allow-origin"), [null]);
            assertEquals((await errorOf(refused))[0], 403);
          }
        },
      ),
  );
}

serviceTest(
  "cors answers a preflight request with the allowed methods and headers, without a token",
  (device) =>
    withService(device, { cors: [ORIGIN], token: "sesame" }, async ({ get }) => {
      const ask = async (path: string, method: string) => {
        const answer = await get(path, preflight(ORIGIN, method));
        assertEquals([answer.status, await answer.text()], [204, ""]);
        assertEquals(named(answer, "allow-origin", "allow-credentials"), [ORIGIN, null]);
        assertStringIncludes(named(answer, "allow-headers")[0]!, "authorization, content-type");
        return named(answer, "allow-methods")[0];
      };
      assertEquals(await ask("/v1/images", "POST"), "POST");
      assertEquals(await ask("/v1/images/5.png", "GET"), "GET, HEAD");
      const asked = await get("/v1/images/5.png", from(ORIGIN));
      assertEquals([asked.status, ...named(asked, "allow-origin")], [401, ORIGIN]);
      assertEquals((await get("/v1/images", from(ORIGIN, { method: "OPTIONS" }))).status, 405);
    }),
);

serviceTest(
  "cors * lets all pages ask, and show pictures",
  (device) =>
    withService(device, { hosts: ["localhost"], cors: ["*"] }, async ({ get, service }) => {
      const shown = await get("/v1/images/1.png?steps=1", {
        headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
      });
      assertEquals([shown.status, shown.headers.get("vary")], [200, null]);
      assertEquals(shown.headers.get("cross-origin-resource-policy"), "cross-origin");
      assertEquals(named(shown, "allow-origin"), ["*"]);
      await shown.body?.cancel();
      // A name that was made to lead here is another matter.
      const rebound = await service.fetch(new Request("http://example.com/model.json"));
      assertEquals((await errorOf(rebound))[0], 403);
    }),
);

serviceTest(
  "cors allows nothing by default, even if a browser is too old to send its origin",
  (device) =>
    withService(device, { hosts: ["localhost"] }, async ({ get, post }) => {
      const old = (origin: string) => ({ headers: { origin } });
      assertEquals((await post({ steps: 1 }, old(ORIGIN))).status, 403);
      assertEquals((await post({ steps: 1 }, old("null"))).status, 403);
      const own = await post({ steps: 1 }, old("http://localhost:7461"));
      assertEquals([own.status, own.headers.get("vary"), ...named(own, "allow-origin")], [
        200,
        null,
        null,
      ]);
      await own.body?.cancel();
      assertEquals((await get("/v1/images", preflight(ORIGIN))).status, 403);
    }),
);

serviceTest("cors refuses what is not an origin", async (device) => {
  const rin = await Rin.load(device, CHECKPOINT);
  for (const wrong of ["example.org", "https://example.org/", "ftp://example.org", "null", ""]) {
    await assertRejects(
      () => createService({ rin, checkpoint: CHECKPOINT, cors: [ORIGIN, wrong] }),
      RangeError,
      `cors has "${wrong}": expected origins such as https://example.org, without a path, or *`,
    );
  }
  rin.destroy();
});
