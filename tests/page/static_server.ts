// A web server for files in memory, as static hosts are: ranges, entity tags, and a memory of what it
// was asked for. It can break connections.

/** A server on loopback. */
export interface StaticServer {
  readonly url: string;
  /** Requests so far: path, and the range where one was asked for. */
  readonly requests: string[];
  /** Files by path; `/` is the page. */
  readonly files: Map<string, { body: string | Uint8Array<ArrayBuffer>; type: string }>;
  /** Where connections for a path break, in bytes from its beginning; one is used up each time. */
  readonly breaks: Map<string, number[]>;
  stop(): Promise<void>;
}

/** Starts one. */
export function serveFiles(files: StaticServer["files"]): StaticServer {
  const requests: string[] = [];
  const breaks: StaticServer["breaks"] = new Map();
  const answer = (request: Request): Response => {
    const { pathname } = new URL(request.url);
    const range = request.headers.get("range");
    requests.push(`${request.method} ${pathname}${range ? ` ${range}` : ""}`);
    const file = files.get(pathname);
    if (!file) return new Response("not found", { status: 404 });
    const { body, type } = file;
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? NaN);
    const headers: Record<string, string> = { "content-type": type, "accept-ranges": "bytes" };
    const part = Number.isNaN(from) ? bytes : bytes.subarray(from);
    if (!Number.isNaN(from)) {
      headers["content-range"] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    }
    const status = Number.isNaN(from) ? 200 : 206;
    const end = breaks.get(pathname)?.shift();
    if (end === undefined) return new Response(part, { status, headers });
    const stream = new ReadableStream({
      async start(controller) {
        controller.enqueue(part.slice(0, Math.max(0, end - (from || 0))));
        await new Promise((resolve) => setTimeout(resolve, 100));
        controller.error(new Error("broken on purpose"));
      },
    });
    return new Response(stream, { status, headers });
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, onError }, answer);
  return {
    url: `http://localhost:${server.addr.port}/`,
    requests,
    files,
    breaks,
    stop: () => server.shutdown(),
  };
}

function onError(): Response {
  return new Response("broken", { status: 500 });
}
