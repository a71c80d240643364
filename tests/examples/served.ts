// The examples as servers: each in a folder of its own, in its own runtime.

import { freePort } from "../cli/serving.ts";
import { root } from "../library/modules.ts";
import { currentBun, currentNode, output, workerd } from "../device/cpu/runtimes.ts";
import { completeConfig } from "../../src/model/config.ts";
import { writeCheckpoint } from "../../src/model/checkpoint.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";

const CONFIG = completeConfig({
  imageSize: 16,
  patchSize: 4,
  latentDim: 16,
  interfaceDim: 8,
  numLatents: 4,
  numBlocks: 1,
  numHeads: 2,
});

const parameters = initialize(parameterLayout(CONFIG), 1);

/** What `rin export --dtype f16` writes of a tiny network. */
export const CHECKPOINT = writeCheckpoint({ config: CONFIG, slabs: { parameters } }, "f16");

/** A server among the examples. */
export interface ServerExample {
  /** Path of its runtime's program; undefined where npm can't fetch it. */
  readonly program: () => Promise<string | undefined>;
  /** Arguments that start it; `PORT` is the port's number. */
  readonly args: readonly string[];
  /** The file that its script is bundled into. */
  readonly bundle: string;
  /** Makes its folder ready as its README says. */
  prepare(folder: string, checkpoint?: Uint8Array): Promise<void>;
}

/** Bundles an example's script as its README says, with the checkpoint beside it. */
async function bundleExample(
  folder: string,
  script: string,
  { bundle, platform = "browser", checkpoint = CHECKPOINT }: {
    bundle: string;
    platform?: string;
    checkpoint?: Uint8Array;
  },
): Promise<void> {
  await Deno.writeFile(`${folder}/net.safetensors`, checkpoint);
  await output(
    Deno.execPath(),
    ...["bundle", "--quiet", "--config", `${root}deno.json`, "--platform", platform, "--minify"],
    ...["--external", "*.wasm", "--external", "*.safetensors"],
    ...["-o", `${folder}/${bundle}`, `${root}examples/${script}`],
  );
}

/** The examples by runtime. */
export const SERVERS: Readonly<Record<"workerd" | "deno" | "node" | "bun", ServerExample>> = {
  workerd: {
    program: workerd,
    args: ["serve", "config.capnp", "-shttp=127.0.0.1:PORT"],
    bundle: "bundle.js",
    async prepare(folder, checkpoint) {
      const { bundle } = this;
      await bundleExample(folder, "cloudflare/worker.js", { bundle, checkpoint });
      await Deno.copyFile(`${root}examples/cloudflare/config.capnp`, `${folder}/config.capnp`);
      // As `npx jsr add @rin/rin` does.
      await Deno.mkdir(`${folder}/node_modules/@rin`, { recursive: true });
      await Deno.symlink(root.slice(0, -1), `${folder}/node_modules/@rin/rin`);
    },
  },
  deno: {
    program: () => Promise.resolve(Deno.execPath()),
    args: [
      ...["serve", "--no-prompt", "--allow-read=net.safetensors", "--host=127.0.0.1"],
      ...["--port=PORT", "server.js"],
    ],
    bundle: "server.js",
    prepare(folder, checkpoint) {
      const { bundle } = this;
      const given = { bundle, platform: "deno", checkpoint };
      return bundleExample(folder, "deno_deploy/server.ts", given);
    },
  },
  node: {
    program: currentNode,
    args: ["server.mjs"],
    bundle: "server.mjs",
    prepare(folder, checkpoint) {
      return bundleExample(folder, "node/server.js", { bundle: this.bundle, checkpoint });
    },
  },
  bun: {
    program: currentBun,
    args: ["server.mjs"],
    bundle: "server.mjs",
    prepare(folder, checkpoint) {
      return bundleExample(folder, "bun/server.js", { bundle: this.bundle, checkpoint });
    },
  },
};

/** A server that was started. */
export interface Started {
  readonly url: string;
  readonly pid: number;
  /** Whether it has ended by itself or otherwise. */
  readonly ended: boolean;
  /** Ends it; what it printed, and its exit code. */
  stop(signal?: Deno.Signal): Promise<{ said: string; code: number }>;
}

/** Starts a server. */
export function start(folder: string, program: string, { args }: ServerExample): Started {
  const port = String(freePort());
  const child = new Deno.Command(program, {
    args: args.map((arg) => arg.replace("PORT", port)),
    cwd: folder,
    // Deno keeps pictures in its own folder.
    env: { NO_COLOR: "1", PORT: port, DENO_DIR: `${folder}/.deno` },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = Promise.all([child.stdout, child.stderr].map((part) => new Response(part).text()))
    .then((parts) => parts.join(""));
  let ended = false;
  child.status.then(() => ended = true);
  return {
    url: `http://127.0.0.1:${port}/`,
    pid: child.pid,
    get ended() {
      return ended;
    },
    async stop(signal = "SIGKILL") {
      if (!ended) child.kill(signal);
      return { code: (await child.status).code, said: await said };
    },
  };
}

/** Waits for the first answer of a server that was started. */
export async function firstAnswer(
  started: Started,
  ask: (url: string) => Promise<Response>,
): Promise<Response> {
  const until = performance.now() + 60_000;
  for (;;) {
    const answer = await ask(started.url).catch(() => undefined);
    if (answer) return answer;
    if (started.ended || performance.now() > until) {
      throw new Error(`It did not start: ${(await started.stop()).said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Prepares a server in an empty folder, starts it, and waits until it answers. */
export async function serve(
  folder: string,
  program: string,
  example: ServerExample,
): Promise<Started> {
  await example.prepare(folder);
  const started = start(folder, program, example);
  const answer = await firstAnswer(started, (url) => fetch(`${url}healthz`));
  await answer.text();
  return started;
}

/** Asks for a picture. */
export function post(
  url: string,
  body: Record<string, unknown>,
  init: RequestInit = {},
): Promise<Response> {
  const headers = { "content-type": "application/json" };
  const asked = { method: "POST", headers, body: JSON.stringify(body), ...init };
  return fetch(`${url}v1/images`, asked);
}
