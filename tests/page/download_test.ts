import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { download, DownloadError } from "../../page/download.ts";
import { type AccessHandle, FileStore, MemoryStore } from "../../page/store.ts";
import { sha256 } from "../../src/model/identity.ts";
import { serveFiles, type StaticServer } from "./static_server.ts";

const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i * i % 251);
const hash = await sha256(bytes);

function serverTest(name: string, fn: (server: StaticServer) => Promise<void>): void {
  Deno.test(`download() ${name}`, async () => {
    const type = "application/octet-stream";
    const server = serveFiles(new Map([["/net", { body: bytes, type }]]));
    try {
      await fn(server);
    } finally {
      await server.stop();
    }
  });
}

const wanted = (server: StaticServer) => ({
  url: `${server.url}net`,
  sha256: hash,
  bytes: bytes.length,
});

serverTest("resumes where the connection broke, and reports its progress", async (server) => {
  server.breaks.set("/net", [100_000, 100_000, 250_000]);
  const told: [number, boolean][] = [];
  const onProgress = (done: number, again: boolean) => void told.push([done, again]);
  const got = await download(wanted(server), new MemoryStore(), { onProgress, patience: 1 });
  assertEquals(got, bytes);
  const ranges = server.requests.map((line) => Number(/bytes=(\d+)-$/.exec(line)![1]));
  assertEquals(ranges, [0, 100_000, 100_000, 250_000]);
  assertEquals(told.filter(([, again]) => again).map(([done]) => done), [
    100_000,
    100_000,
    250_000,
  ]);
  assertEquals([told[0][0], told.at(-1)![0]], [0, bytes.length]);
});

serverTest("keeps what is whole, and fetches what is damaged once", async (server) => {
  const store = new MemoryStore();
  store.append(bytes.slice());
  assertEquals(await download(wanted(server), store), bytes);
  assertEquals(server.requests, []);
  const damaged = new MemoryStore();
  damaged.append(bytes.slice(0, 1000).fill(7));
  assertEquals(await download(wanted(server), damaged), bytes);
  assertEquals(server.requests, ["GET /net bytes=1000-", "GET /net bytes=0-"]);
});

serverTest("takes a server without ranges, and refuses another file", async (server) => {
  const plain = Deno.serve({ port: 0, onListen() {} }, () => new Response(bytes));
  const half = new MemoryStore();
  half.append(bytes.slice(0, 5000));
  const url = `http://localhost:${plain.addr.port}/`;
  assertEquals(await download({ ...wanted(server), url }, half), bytes);
  await plain.shutdown();
  server.files.set("/net", { body: bytes.map((value) => value ^ 1), type: "" });
  const other = await assertRejects(
    () => download(wanted(server), new MemoryStore()),
    DownloadError,
  );
  assertStringIncludes(other.message, "not the one that this page was made for");
  server.files.set("/net", { body: new Uint8Array(bytes.length + 1), type: "" });
  const longer = await assertRejects(
    () => download(wanted(server), new MemoryStore()),
    DownloadError,
  );
  assertStringIncludes(longer.message, "more came than the 300000 bytes");
});

serverTest("gives up with one sentence, and keeps what has come", async (server) => {
  const gone = await assertRejects(
    () => download({ ...wanted(server), url: `${server.url}gone` }, new MemoryStore()),
    DownloadError,
  );
  assertEquals(gone.message, "The checkpoint can't be fetched: the server answered 404.");
  server.breaks.set("/net", Array(9).fill(60_000));
  const store = new MemoryStore();
  const broken = await assertRejects(
    () => download(wanted(server), store, { patience: 1 }),
    DownloadError,
  );
  assertStringIncludes(broken.message, "broke at 20%, and 5 attempts got nothing more");
  assertEquals(store.size, 60_000);
  server.breaks.clear();
  assertEquals(await download(wanted(server), store), bytes);
});

serverTest("ends at once when stopped, even while it waits", async (server) => {
  server.breaks.set("/net", [1000]);
  const stop = new AbortController();
  const onProgress = (_: number, again: boolean) => again && stop.abort();
  const began = performance.now();
  const options = { onProgress, patience: 60_000, signal: stop.signal };
  const stopped = await assertRejects(
    () => download(wanted(server), new MemoryStore(), options),
    DOMException,
  );
  assertEquals(stopped.name, "AbortError");
  assert(performance.now() - began < 10_000);
});

/** A file of the browser's that takes only so many bytes. */
function fileOf(room: number): AccessHandle & { content: Uint8Array<ArrayBuffer> } {
  return {
    content: new Uint8Array(0),
    getSize() {
      return this.content.length;
    },
    read(into, { at }) {
      into.set(this.content.subarray(at, at + into.length));
      return into.length;
    },
    write(from, { at }) {
      const taken = Math.min(from.length, room - at);
      if (taken < from.length && at % 2 === 1) throw new DOMException("", "QuotaExceededError");
      const next = new Uint8Array(Math.max(this.content.length, at + taken));
      next.set(this.content);
      next.set(from.subarray(0, taken), at);
      this.content = next;
      return taken;
    },
    truncate(size) {
      this.content = this.content.slice(0, size);
    },
    flush() {},
    close() {},
  };
}

Deno.test("FileStore loses only the storing on a full disk, not the bytes", () => {
  for (const size of [999, 1000]) {
    const file = fileOf(1500);
    const store = new FileStore(file);
    store.append(bytes.slice(0, size));
    assertEquals([store.lasting, store.size], [true, size]);
    store.append(bytes.slice(size, 2000));
    assertEquals([store.lasting, store.size, file.content.length], [false, 2000, 0]);
    store.append(bytes.slice(2000, 2500));
    assertEquals(store.read(), bytes.slice(0, 2500));
    store.clear();
    assertEquals(store.size, 0);
  }
});
