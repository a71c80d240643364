/**
 * A run's page on this machine, live.
 *
 * @module
 */
import { samplePath } from "../../src/run/sample_files.ts";
import { listen, OWN_NAMES } from "../listen.ts";
import { linkedGrids } from "./grids.ts";
import { pageDataOf } from "./page_data.ts";
import { livePage } from "./run_page.ts";
import { RunView } from "./run_view.ts";

/** The default port, unless another program has it. */
const USUAL_PORT = 7460;

/** A page that is being served. */
export interface Served {
  readonly url: string;
  /** Ends it at once. */
  stop(): void;
}

/**
 * Serves the page of a run to this machine only. Requests name no files: there are the page, its
 * data, and the grids that the run's folder has.
 *
 * @param port the one to use; without it a usual one, or any that is free
 * @throws {CommandError} when the port is in use
 */
export function serveRun(folder: string, port: number | undefined): Served {
  let view: Promise<RunView> | undefined;
  // One at a time: a running read serves all requests that come meanwhile.
  const current = () => {
    const before = view;
    const next = before
      ? before.then(async (known) => (await known.refresh(), known))
      : RunView.open(folder);
    view = next;
    // A read that failed once can succeed the next time.
    next.catch(() => view = view === next ? undefined : view);
    return next;
  };
  const answer = (request: Request) => respond(request, current).catch(unavailable);
  const end = new AbortController();
  const server = listen({ port, usual: USUAL_PORT, signal: end.signal }, answer);
  return { url: `http://localhost:${server.addr.port}/`, stop: () => end.abort() };
}

async function respond(request: Request, current: () => Promise<RunView>): Promise<Response> {
  const { hostname, pathname } = new URL(request.url);
  if (!OWN_NAMES.includes(hostname)) return text("This page is for this machine only", 403);
  if (request.method !== "GET") return text("This page answers only GET", 405);
  if (pathname === "/") {
    const headers = { "content-type": "text/html; charset=utf-8" };
    return new Response(await livePage(await current()), { headers });
  }
  if (pathname === "/data.json") return dataResponse(request, await current());
  const step = Number(/^\/samples\/(\d{1,15})\.png$/.exec(pathname)?.[1] ?? NaN);
  const view = Number.isNaN(step) ? undefined : await current();
  if (!view?.samples.includes(step)) return text("There is nothing here", 404);
  const png = await Deno.readFile(samplePath(view.folder, step));
  return new Response(png, { headers: { "content-type": "image/png" } });
}

function dataResponse(request: Request, view: RunView): Response {
  const tag = `"${view.version}"`;
  const headers = { "content-type": "application/json", etag: tag };
  if (request.headers.get("if-none-match") === tag) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(JSON.stringify(pageDataOf(view, linkedGrids(view))), { headers });
}

function unavailable(thrown: unknown): Response {
  return text(`The run can't be read at the moment: ${(thrown as Error).message}`, 503);
}

function text(words: string, status: number): Response {
  return new Response(words, { status });
}
