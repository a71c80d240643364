/**
 * Fetching a checkpoint piece by piece, resuming where a connection broke.
 *
 * @module
 */
import { sha256 } from "../src/model/identity.ts";
import type { Store } from "./store.ts";

/** The file to fetch. */
export interface Wanted {
  readonly url: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Further headers for the server. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a fetching goes. */
export interface DownloadOptions {
  /** Receives the number of bytes so far, and whether the connection broke and is tried again. */
  readonly onProgress?: (done: number, again: boolean) => void;
  /** Milliseconds before the first new attempt; each further one waits twice as long. */
  readonly patience?: number;
  readonly signal?: AbortSignal;
}

/** Attempts in a row that bring nothing before it is given up. */
const ATTEMPTS = 5;

/** It could not be fetched; the message is for the visitor. */
export class DownloadError extends Error {
  override name = "DownloadError";
}

/**
 * Downloads the bytes that the store lacks, and checks all against their hash.
 *
 * @throws {DownloadError} when they can't be fetched, or differ from the promised ones
 */
export async function download(
  wanted: Wanted,
  store: Store,
  options: DownloadOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { onProgress } = options;
  if (store.size > wanted.bytes) store.clear();
  // A copy kept from another day may be damaged; then this fetches it again, once.
  for (const kept of [store.size > 0, false]) {
    onProgress?.(store.size, false);
    await fetchRest(wanted, store, options);
    const bytes = store.read();
    if (await sha256(bytes) === wanted.sha256) return bytes;
    store.clear();
    if (!kept) break;
  }
  throw new DownloadError(
    "The checkpoint that came is not the one that this page was made for. Load the page again; if " +
      "that does not help, the site was not updated as a whole.",
  );
}

async function fetchRest(wanted: Wanted, store: Store, options: DownloadOptions): Promise<void> {
  const { onProgress, patience = 500, signal } = options;
  let [attempt, reason] = [0, ""];
  while (store.size < wanted.bytes) {
    const before = store.size;
    try {
      await fetchSome(wanted, store, options);
    } catch (thrown) {
      if (thrown instanceof DownloadError || signal?.aborted) throw thrown;
      reason = (thrown as Error).message;
    }
    if (store.size >= wanted.bytes) return;
    attempt = store.size > before ? 1 : attempt + 1;
    if (attempt >= ATTEMPTS) {
      throw new DownloadError(
        `The connection broke at ${percent(store.size, wanted.bytes)}, and ${ATTEMPTS} attempts ` +
          `got nothing more${
            reason ? ` (${reason})` : ""
          }. The page keeps the part that came: draw to try again.`,
      );
    }
    onProgress?.(store.size, true);
    await pause(patience * 2 ** (attempt - 1), signal);
  }
}

/** Waits, but not for one who has stopped it. */
async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
  signal?.throwIfAborted();
}

/** One request, for as much as it brings. */
async function fetchSome(
  { url, bytes, headers }: Wanted,
  store: Store,
  { onProgress, signal }: DownloadOptions,
): Promise<void> {
  // Asked for even from the beginning: then no server compresses, and the bytes can be counted.
  const range = `bytes=${store.size}-`;
  const response = await fetch(url, { headers: { ...headers, range }, signal });
  if (!response.ok) {
    await response.body?.cancel();
    // 5xx and 429 are temporary; anything else stays.
    const passing = response.status >= 500 || response.status === 429;
    const sentence = `The checkpoint can't be fetched: the server answered ${response.status}`;
    throw passing ? new Error(`answer ${response.status}`) : new DownloadError(`${sentence}.`);
  }
  // A server without ranges begins again.
  const from = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
  if (response.status !== 206 || Number(from) !== store.size) store.clear();
  const reader = response.body!.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (store.size + part.value.length > bytes) {
      await reader.cancel().catch(() => {});
      store.clear();
      throw new DownloadError(
        `The checkpoint can't be used: more came than the ${bytes} bytes that it should have.`,
      );
    }
    store.append(part.value);
    onProgress?.(store.size, false);
  }
}

function percent(done: number, total: number): string {
  return `${Math.floor(100 * done / total)}%`;
}
