// The examples as servers: each in a folder of its own, in the runtime that it is for.

import { freePort } from "../cli/serving.ts";
import { root } from "../library/modules.ts";
import { output } from "../device/cpu/runtimes.ts";
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

/** Bundles an example's script as its README says, with the checkpoint beside it. */
export async function bundleExample(
  folder: string,
  script: string,
  name: string,
  platform = "browser",
): Promise<void> {
  await Deno.writeFile(`${folder}/net.safetensors`, CHECKPOINT);
  await output(
    Deno.execPath(),
    ...["bundle", "--quiet", "--config", `${root}deno.json`, "--platform", platform, "--minify"],
    ...["--external", "*.wasm", "--external", "*.safetensors"],
    ...["-o", `${folder}/${name}`, `${root}examples/${script}`],
  );
}

/** A server that runs. */
export interface Served {
  readonly url: string;
  readonly pid: number;
  /** Ends it; what it printed, and its exit code. */
  stop(signal?: Deno.Signal): Promise<{ said: string; code: number }>;
}

/** Starts a server and waits until it answers. `PORT` in the arguments is the port's number. */
export async function serve(
  folder: string,
  command: string,
  args: readonly string[],
): Promise<Served> {
  const port = String(freePort());
  const child = new Deno.Command(command, {
    args: args.map((arg) => arg.replace("PORT", port)),
    cwd: folder,
    env: { NO_COLOR: "1", PORT: port },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const url = `http://127.0.0.1:${port}/`;
  const said = Promise.all([child.stdout, child.stderr].map((part) => new Response(part).text()))
    .then((parts) => parts.join(""));
  let ended = false;
  child.status.then(() => ended = true);
  const stop = async (signal: Deno.Signal = "SIGKILL") => {
    if (!ended) child.kill(signal);
    return { code: (await child.status).code, said: await said };
  };
  const until = performance.now() + 60_000;
  while (!await fetch(`${url}healthz`).then((answer) => answer.text(), () => undefined)) {
    if (ended || performance.now() > until) {
      throw new Error(`It did not start: ${(await stop()).said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { url, pid: child.pid, stop };
}

/** Prepares the worker for workerd as its README says. */
export async function prepareWorker(folder: string): Promise<void> {
  await bundleExample(folder, "cloudflare/worker.js", "bundle.js");
  await Deno.copyFile(`${root}examples/cloudflare/config.capnp`, `${folder}/config.capnp`);
  // As `npx jsr add @rin/rin` does.
  await Deno.mkdir(`${folder}/node_modules/@rin`, { recursive: true });
  await Deno.symlink(root.slice(0, -1), `${folder}/node_modules/@rin/rin`);
}

/** Starts the worker. */
export async function serveWorker(folder: string, workerd: string): Promise<Served> {
  await prepareWorker(folder);
  return await serve(folder, workerd, ["serve", "config.capnp", "-shttp=127.0.0.1:PORT"]);
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
