// rin serve over HTTP: the same pictures as rin sample makes, and an end that loses nothing.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { recordIn } from "../../src/picture/record.ts";
import { withFolder, write } from "../data/scratch.ts";
import { CHECKPOINT } from "../service/tiny_service.ts";
import { complaint, outcome, rin, startRin, until } from "./rin.ts";
import { firstLine, freePort, type Serving, startWith, withServer } from "./serving.ts";

function serveTest(
  name: string,
  args: readonly string[],
  test: (serving: Serving) => Promise<void>,
) {
  Deno.test({ name: `rin serve ${name}`, fn: () => withServer(args, test) });
}

serveTest("sends the files that rin sample writes, and --like repeats them", [], async (
  { cwd, post, url },
) => {
  const ask = async (body: unknown) => {
    const answer = await post(body);
    if (answer.status !== 200) throw new Error(await answer.text());
    return answer;
  };
  const sample = async (...args: string[]) => {
    const { code, stderr } = await rin(["sample", ...args], { cwd });
    assertEquals(code, 0, stderr);
  };
  const made = ["--checkpoint", "net.safetensors", "--steps", "4", "--seed", "7"];
  const one = await (await ask({ steps: 4, seed: 7 })).bytes();
  await sample(...made, "--count", "1", "--out", "one.png");
  assertEquals(one, await Deno.readFile(`${cwd}/one.png`));
  assertEquals(await (await fetch(`${url}v1/images/7.png?steps=4`)).bytes(), one);

  const options = { sampler: "heun", times: "logsnr", clip: 0.99, warmStart: 0.5, guidance: 1.5 };
  const flags = ["--sampler", "heun", "--times", "logsnr", "--clip", "0.99", "--warm-start", "0.5"];
  const several = { steps: 4, seed: 7, count: 3, class: "bird,cat,dog", ...options };
  const { images } = await (await ask({ ...several, format: "json" })).json();
  const more = [...made, ...flags, "--guidance", "1.5", "--class", "bird,cat,dog", "--count", "3"];
  await sample(...more, "--out", "all");
  for (const [i, { png }] of images.entries()) {
    const file = await Deno.readFile(`${cwd}/all/00000${i}.png`);
    assertEquals(Uint8Array.fromBase64(png), file, `image ${i}`);
  }
  await sample(...more, "--out", "grid.png");
  assertEquals(await (await ask(several)).bytes(), await Deno.readFile(`${cwd}/grid.png`));

  await write(`${cwd}/served.png`, Uint8Array.fromBase64(images[1].png));
  await sample("--like", "served.png", "--out", "again.png");
  assertEquals(await Deno.readFile(`${cwd}/again.png`), Uint8Array.fromBase64(images[1].png));
});

serveTest("answers open requests after SIGTERM, then exits with 0", [], async (serving) => {
  const { url, child, post, metric, said } = serving;
  const under = post({ steps: 1000, count: 2, seed: 1 });
  const stream = await fetch(`${url}v1/images/stream?steps=1000&previews=0&seed=2`);
  await until(async () => await metric("rin_evaluations_total") > 2);
  child.kill("SIGTERM");
  // As timeout and other programs in between pass it on.
  await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill("SIGTERM");
  const [answer, events] = await Promise.all([under, stream.text()]);
  assertEquals([answer.status, recordIn(await answer.bytes())?.count], [200, 2]);
  assertStringIncludes(events, 'event: done\ndata: {"images":1}');
  assertEquals((await child.status).code, 0);
  assertStringIncludes(await said, "Ending; open requests are answered first");
  await fetch(`${url}healthz`).then(
    () => assert(false, "it still answers"),
    (thrown) => assert(thrown instanceof TypeError),
  );
});

serveTest("stops the work of a broken connection", [], async ({ url, post, metric }) => {
  const begun = (before: number) => async () => await metric("rin_evaluations_total") > before + 2;
  const leaving = new AbortController();
  const left = post({ steps: 1000, count: 30 }, { signal: leaving.signal }).catch(() => {});
  await until(begun(0));
  leaving.abort();
  await left;
  await until(async () => await metric("rin_requests_in_flight") === 0);
  const stream = await fetch(`${url}v1/images/stream?steps=1000&count=30`);
  await until(begun(await metric("rin_evaluations_total")));
  await stream.body!.cancel();
  await until(async () => await metric("rin_requests_in_flight") === 0);
  // The steps that the device has already are done.
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(300);
  const done = await metric("rin_evaluations_total");
  assertEquals([await metric("rin_clients_left_total"), await metric("rin_images_total")], [2, 0]);
  await pause(100);
  assertEquals(await metric("rin_evaluations_total"), done);
});

/** The beginning of what is answered to a request as it is written. */
async function raw(url: string, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  await connection.write(new TextEncoder().encode(request.replaceAll("\n", "\r\n")));
  const buffer = new Uint8Array(1000);
  const length = await connection.read(buffer).catch(() => 0);
  return new TextDecoder().decode(buffer.subarray(0, length ?? 0));
}

serveTest("refuses another name for this machine, and survives nonsense", [], async (
  { url, post },
) => {
  const rebound = await raw(
    url,
    "GET /model.json HTTP/1.1\nHost: example.com\nConnection: close\n\n",
  );
  assert(rebound.startsWith("HTTP/1.1 403"), rebound);
  for (
    const request of [
      "GET / HTTP/1.1\n\n",
      "POST /v1/images HTTP/1.1\nHost: localhost\nContent-Length: -5\n\n",
      "POST /v1/images HTTP/1.1\nHost: localhost\nContent-Type: application/json\n" +
      "Content-Length: 999999999999\nConnection: close\n\n",
      "GET http:// HTTP/1.1\nHost: \nConnection: close\n\n",
      "\0\0\0\0\n\n",
    ]
  ) {
    const answer = await raw(url, request);
    assert(/^HTTP\/1.1 [24]\d\d|^$/.test(answer), `${JSON.stringify(request)}: ${answer}`);
  }
  assertEquals((await post({ steps: 1 })).status, 200);
});

Deno.test({
  name: "rin serve takes a token from a file or the environment",
  fn: () =>
    withFolder(async (folder) => {
      await write(`${folder}/token`, "open-sesame\n");
      await withServer(["--token-file", `${folder}/token`], async ({ url, post }) => {
        assertEquals((await post({ steps: 1 })).status, 401);
        const headers = { "content-type": "application/json", authorization: "Bearer open-sesame" };
        assertEquals((await post({ steps: 1 }, { headers })).status, 200);
        assertEquals((await fetch(`${url}healthz`)).status, 200);
      });
    }),
});

Deno.test({
  name: "rin serve needs only its port and the checkpoint, rin sample only checkpoint and output",
  // A packed program has its permissions in it.
  ignore: Deno.env.has("RIN_BINARY"),
  fn: async () => {
    const port = freePort();
    const allowed = [`--allow-net=127.0.0.1:${port}`, "--allow-read=net.safetensors"];
    await withServer(["--port", String(port)], async ({ url, post, child, cwd, said }) => {
      assertEquals(url, `http://localhost:${port}/`);
      const answer = await post({ steps: 4, seed: 3 });
      assertEquals(answer.status, 200);
      for (const out of ["one.png", "some"]) {
        const start = startWith(["--allow-read=net.safetensors", `--allow-write=${out}`]);
        const made = ["sample", "--checkpoint", "net.safetensors", "--count", "1", "--out", out];
        const { code, stderr } = await outcome(
          start([...made, "--steps", "4", "--seed", "3"], cwd),
        );
        assertEquals(code, 0, stderr);
      }
      assertEquals(await Deno.readFile(`${cwd}/one.png`), await answer.bytes());
      assert((await Deno.stat(`${cwd}/some/000000.png`)).isFile);
      child.kill("SIGTERM");
      assertEquals((await child.status).code, 0);
      // The page takes more in source form, and that is said; all else works.
      const [first, ...rest] = (await said).trimEnd().split("\n");
      assertStringIncludes(first, "rin: serving without the page.");
      assertEquals(rest, ["Ctrl-C ends it", "Ending; open requests are answered first"]);
    }, startWith(allowed));
  },
});

Deno.test({
  name: "deno serve hosts the same service",
  ignore: Deno.env.has("RIN_BINARY"),
  fn: () =>
    withFolder(async (cwd) => {
      await write(`${cwd}/net.safetensors`, CHECKPOINT);
      const port = freePort();
      const url = (path: string) => fileURLToPath(new URL(path, import.meta.url));
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          ...["serve", "--no-prompt", "--no-check", "--allow-read=net.safetensors"],
          ...["--config", url("../../deno.json"), "--host", "127.0.0.1", "--port", String(port)],
          url("host.ts"),
        ],
        cwd,
        stdout: "null",
        stderr: "null",
      }).spawn();
      try {
        const base = `http://127.0.0.1:${port}`;
        await until(async () => (await fetch(`${base}/healthz`)).ok);
        const body = JSON.stringify({ steps: 2, seed: 5 });
        const headers = { "content-type": "application/json" };
        const answer = await fetch(`${base}/v1/images`, { method: "POST", headers, body });
        assertEquals([answer.status, recordIn(await answer.bytes())?.seed], [200, 5]);
        assertEquals((await (await fetch(`${base}/model.json`)).json()).name, "pets");
      } finally {
        child.kill("SIGTERM");
        await child.status;
      }
    }),
});

Deno.test("rin serve refuses what it can't serve in one sentence", () =>
  withFolder(async (cwd) => {
    const serve = (...args: string[]) => rin(["serve", ...args], { cwd });
    const net = ["--checkpoint", "net.safetensors"];
    assertStringIncludes(complaint(await serve(), 2), "Which checkpoint?");
    assertStringIncludes(complaint(await serve(...net)), "there is no such file");
    await write(`${cwd}/net.safetensors`, CHECKPOINT);
    assertStringIncludes(complaint(await serve(...net, "--port", "70000"), 2), "--port is 70000");
    const batch = await serve(...net, "--max-batch", "0");
    assertStringIncludes(complaint(batch, 2), "--max-batch is 0: expected 1 to 1024");
    await write(`${cwd}/empty`, "\n");
    const token = await serve(...net, "--token-file", "empty");
    assertStringIncludes(complaint(token), "empty holds no token");
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const taken = await serve(...net, "--port", String(listener.addr.port));
    assertStringIncludes(complaint(taken), "another program uses it; give another --port");
  }));

serveTest("accepts a proxy's name with --allow-host, and logs requests", [
  "--allow-host",
  "rin.example.org",
  "--log",
], async ({ url, child, said }) => {
  const { port } = new URL(url);
  const ask = async (host: string) => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    const request = `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    return (await new Response(connection.readable).text()).split("\r\n")[0];
  };
  assertStringIncludes(await ask("rin.example.org"), "200");
  assertStringIncludes(await ask(`localhost:${port}`), "200");
  assertStringIncludes(await ask("evil.example.org"), "403");
  child.kill("SIGTERM");
  const lines = (await said).split("\n").filter((line) => line.includes(" GET "));
  assertEquals(lines.map((line) => line.replace(/^\S+Z (.*) \d+ ms$/, "$1")), [
    "127.0.0.1 GET /healthz 200",
    "127.0.0.1 GET /healthz 200",
    "127.0.0.1 GET /healthz 403",
  ]);
});

Deno.test("rin serve says which port it uses if the usual one is taken", async () => {
  let taken: Deno.Listener | undefined;
  try {
    taken = Deno.listen({ hostname: "127.0.0.1", port: 7461 });
  } catch {
    // Another server has it: that is as good.
  }
  try {
    await withFolder(async (cwd) => {
      await write(`${cwd}/net.safetensors`, CHECKPOINT);
      const child = startRin(["serve", "net.safetensors"], { cwd });
      const said = new Response(child.stderr).text();
      const url = await firstLine(child.stdout, said);
      child.kill("SIGTERM");
      await child.status;
      const { port } = new URL(url);
      assertStringIncludes(
        await said,
        `rin: port 7461 is taken by another program, so this is on ${port}`,
      );
    });
  } finally {
    taken?.close();
  }
});

serveTest("accepts pages of the origins that --cors names", [
  ...["--cors", "https://a.org", "--cors=https://b.org"],
], async ({ url }) => {
  for (
    const [origin, status] of [["https://a.org", 200], ["https://b.org", 200], [
      "https://c.org",
      403,
    ]]
  ) {
    const headers = { origin: String(origin), "sec-fetch-site": "cross-site" };
    const answer = await fetch(`${url}model.json`, { headers });
    await answer.body?.cancel();
    const allowed = answer.headers.get("access-control-allow-origin");
    assertEquals([answer.status, allowed], [status, status === 200 ? origin : null]);
  }
});

Deno.test("rin serve refuses --allow-host and --cors values that are not hosts or origins", async () => {
  const serve = (...args: string[]) => rin(["serve", "net.safetensors", ...args]);
  const wrong = await serve("--allow-host", "http://a.org");
  assertStringIncludes(complaint(wrong, 2), "expected names without http:// and port");
  const path = await serve("--cors", "https://a.org", "--cors", "https://b.org/page");
  assertStringIncludes(
    complaint(path, 2),
    "--cors is https://b.org/page: expected an origin without",
  );
  assertStringIncludes(complaint(await serve("--cors="), 2), "--cors needs a value: --cors ORIGIN");
});
