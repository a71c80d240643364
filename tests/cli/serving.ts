// `rin serve` as a user starts it.

import { rinCommand, startRin } from "./rin.ts";
import { CHECKPOINT } from "../service/tiny_service.ts";
import { withFolder, write } from "../data/scratch.ts";

/** A server that runs. */
export interface Serving {
  readonly url: string;
  readonly child: Deno.ChildProcess;
  readonly cwd: string;
  /** What it has said on stderr; to be asked when it has ended. */
  readonly said: Promise<string>;
  post(body: unknown, init?: RequestInit): Promise<Response>;
  /** The figure of a line of the metrics. */
  metric(line: string): Promise<number>;
}

/** Runs a test with `rin serve` of a tiny network, `net.safetensors` in a folder; ends it afterwards. */
export async function withServer(
  args: readonly string[],
  test: (serving: Serving) => Promise<void>,
  start: (args: readonly string[], cwd: string) => Deno.ChildProcess = (args, cwd) =>
    startRin(args, { cwd }),
  checkpoint: Uint8Array<ArrayBuffer> = CHECKPOINT,
): Promise<void> {
  await withFolder(async (cwd) => {
    await write(`${cwd}/net.safetensors`, checkpoint);
    // Its own port: at the usual one another server may answer when this one has ended.
    const port = args.includes("--port") ? [] : ["--port", String(freePort())];
    const child = start(["serve", "--checkpoint", "net.safetensors", ...port, ...args], cwd);
    const said = new Response(child.stderr).text();
    try {
      const url = await firstLine(child.stdout, said);
      await test({
        url,
        child,
        cwd,
        said,
        post: (body, init) =>
          fetch(`${url}v1/images`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
            ...init,
          }),
        metric: (line) => metricOf(url, line),
      });
    } finally {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await child.status;
      await said;
    }
  });
}

/** The first line of what a server prints: where it is. */
export async function firstLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  said: Promise<string>,
): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) return text.trim();
  }
  throw new Error(`It did not start: ${await said}`);
}

/** The figure of a line of a server's metrics. */
export async function metricOf(url: string, line: string): Promise<number> {
  const text = await (await fetch(`${url}metrics`)).text();
  const found = text.split("\n").find((other) => other.startsWith(`${line} `));
  return Number(found?.slice(line.length) ?? NaN);
}

/** A port that nothing listens on. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Starts the source with the permissions that are named and no others; nobody is asked. */
export function startWith(
  permissions: readonly string[],
): (args: readonly string[], cwd: string) => Deno.ChildProcess {
  return (args, cwd) => {
    const [program, ...before] = rinCommand([...permissions, "--no-prompt"]);
    return new Deno.Command(program, {
      args: [...before, ...args],
      cwd,
      // Without a display, what looks for OpenGL complains of that.
      env: { NO_COLOR: "1", DENO_WEBGPU_BACKEND: "vulkan", XDG_RUNTIME_DIR: cwd },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  };
}
