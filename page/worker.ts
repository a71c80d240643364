/// <reference lib="dom" />
/**
 * The worker: fetches, draws and writes PNGs, so that the page never stands still.
 *
 * @module
 */
import { recordText } from "../src/picture/record.ts";
import { Artist, type Tell } from "./artist.ts";
import { download } from "./download.ts";
import { pngOf } from "./pixels.ts";
import type { Reply, Request, RequestName, Requests } from "./protocol.ts";
import { openStore } from "./store.ts";

interface Work {
  readonly signal: AbortSignal;
  readonly tell: Tell;
}

type Handlers = {
  readonly [K in RequestName]: (
    given: Requests[K]["given"],
    work: Work,
  ) => Promise<Requests[K]["answer"]>;
};

const artist = new Artist();

const handlers: Handlers = {
  device: () => artist.findDevice(),
  load: async ({ checkpoint, name }, { signal, tell }) => {
    const store = await openStore(checkpoint.sha256);
    try {
      const total = checkpoint.bytes;
      const onProgress = (done: number, again: boolean) =>
        tell({ type: "fetched", done, total, again });
      const bytes = await download(checkpoint, store, { onProgress, signal });
      return await artist.take(bytes, name, store.lasting);
    } finally {
      store.close();
    }
  },
  open: async ({ file }) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    return await artist.take(bytes, file.name.replace(/\.safetensors$/i, ""), false);
  },
  draw: ({ options }, { signal, tell }) => artist.draw(options, signal, tell),
  watch: async ({ options }, { signal, tell }) => {
    await artist.watch(options, signal, tell);
    return {};
  },
  png: ({ images, config, record, device, caption }) =>
    Promise.resolve({ png: pngOf(images, config, recordText(record, device), caption) }),
};

// The types of a page's own scope serve here as well, but for this.
const post = postMessage as (message: Reply, transfer?: Transferable[]) => void;
let stop = new AbortController();

addEventListener("message", async ({ data: request }: MessageEvent<Request>) => {
  if (request.name === "stop") return stop.abort();
  const { id, name, given } = request;
  if (name === "draw" || name === "load" || name === "watch") stop = new AbortController();
  const work: Work = {
    signal: stop.signal,
    tell: (event, transfer) => post({ id, kind: "event", event }, transfer),
  };
  try {
    const handle = handlers[name] as (given: unknown, work: Work) => Promise<unknown>;
    post({ id, kind: "answer", answer: await handle(given, work) });
  } catch (thrown) {
    const { name: error, message } = thrown as Error;
    post({ id, kind: "failed", error, sentence: message });
  }
});
