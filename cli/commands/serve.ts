/**
 * `rin serve`.
 *
 * @module
 */
import { decodeImage } from "../../src/data/decode_image.ts";
import { contextSize } from "../../src/diffusion/context.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { fileReason } from "../../src/files/errors.ts";
import { readText } from "../../src/files/read_text.ts";
import type { FloatType } from "../../src/graph/ops.ts";
import { identityOf, sha256 } from "../../src/model/identity.ts";
import { type CheckpointFile, networkName, openCheckpoint } from "../../src/run/checkpoint_file.ts";
import type { Assets } from "../../src/service/assets.ts";
import type { ServiceLimits } from "../../src/service/limits.ts";
import { isOrigin } from "../../src/service/cors.ts";
import { createService, type Service } from "../../src/service/service.ts";
import type { Command } from "../command.ts";
import { variable } from "../environment.ts";
import { CommandError, UsageError } from "../errors.ts";
import { samplingCheckpoint } from "../files/sampling_checkpoint.ts";
import { isLoopback, listen, OWN_NAMES, reachedAt } from "../listen.ts";
import {
  CHECKPOINT_OPTION,
  CONFIG_OPTION,
  givenCheckpoint,
  givenConfig,
} from "../options/checkpoint_options.ts";
import { DEVICE_OPTIONS, deviceRequest, PRECISION_OPTION } from "../options/device_options.ts";
import type { Given, Option, Value } from "../options/options.ts";
import { checkPort } from "../options/port.ts";
import { pageAssets } from "../page/assets.ts";
import { rememberCheckpoint } from "../samples/known_checkpoints.ts";
import { interruptible, untilAborted } from "../terminal/interrupt.ts";
import { print, printError } from "../terminal/terminal.ts";

/** The default port, unless another program has it. */
const USUAL_PORT = 7461;

/** How long running requests get to finish at shutdown, ms. */
const LAST_ANSWERS = 25_000;

const what: Option[] = [
  CHECKPOINT_OPTION,
  CONFIG_OPTION,
];

const where: Option[] = [
  { key: "port", type: "integer", help: "port (default: 7461, or any that is free)" },
  {
    key: "host",
    type: "text",
    value: "ADDRESS",
    help: "address to listen at; 0.0.0.0 lets other machines in, the default only this one",
    default: "127.0.0.1",
  },
  {
    key: "allowHost",
    type: "text",
    value: "NAME,...",
    help: "names of a proxy in front of the service; without it, a service on loopback answers " +
      "only to this machine's names, and any other to every name",
  },
  {
    key: "cors",
    type: "texts",
    value: "ORIGIN",
    help: "origin of pages that can use the service, such as https://example.org, or * for " +
      "all; can be given several times (default: none)",
  },
  {
    key: "tokenFile",
    type: "text",
    value: "FILE",
    help: "file with the bearer token that requests must send (default: RIN_TOKEN in the " +
      "environment, else none)",
  },
  { key: "log", type: "boolean", help: "write a line for each request" },
];

const limits: Option[] = [
  { key: "maxBatch", type: "integer", help: "images drawn at a time", default: 32 },
  {
    key: "maxWait",
    type: "integer",
    value: "MS",
    help: "how long a request waits for others to share its batch",
    default: 10,
  },
  {
    key: "queue",
    type: "integer",
    help: "most images that can wait, and that one request can " +
      "ask for",
    default: 256,
  },
  { key: "maxWork", type: "integer", help: "most images x steps of one request", default: 32_000 },
  {
    key: "maxBody",
    type: "integer",
    value: "MIB",
    help: "longest request, its pictures included",
    default: 8,
  },
];

const groups = [
  { title: "Network", options: what },
  { title: "Address and access", options: where },
  { title: "Limits", options: limits },
  { title: "Device", options: [...DEVICE_OPTIONS, PRECISION_OPTION] },
];

/** Serves a network. */
export const serve: Command = {
  usage: "rin serve CHECKPOINT [options]",
  summary: "a web page and service that make images with a trained network",
  about: "Serves a trained network of images or clips, by default only to this machine. Its page " +
    "samples in the visitor's browser, or here if that browser can't. POST /v1/images draws " +
    "what rin sample draws, GET /v1/images/SEED.png is one picture that caches can keep, GET " +
    "/v1/images/stream shows pictures as they come, and /docs describes every field. Requests " +
    "that wait at the same moment are made together. Ctrl-C or SIGTERM ends it when what is under " +
    "way is done.",
  groups,
  examples: [
    "rin serve --checkpoint runs/faces",
    "rin serve --checkpoint runs/faces --cors https://example.org",
    "curl --json '{\"seed\": 1}' -o image.png http://localhost:7461/v1/images",
    "curl -F image=@photo.jpg -F strength=0.5 -o image.png http://localhost:7461/v1/images",
  ],
  run: runServe,
};

async function runServe(given: Given): Promise<number> {
  const { flags } = given;
  const path = givenCheckpoint(given);
  const port = flags.port === undefined ? undefined : checkPort(flags.port);
  const hostname = String(flags.host ?? "127.0.0.1");
  const allowed = readHosts(flags.allowHost);
  const cors = readOrigins(flags.cors);
  const token = await readToken(flags.tokenFile);
  const config = await givenConfig(flags.config);
  const file = await openCheckpoint(path, config);
  const checkpoint = config || isTraining(file)
    ? await samplingCheckpoint(file, "f32")
    : file.bytes;
  const isLocal = isLoopback(hostname);

  const request = deviceRequest(flags);
  return await interruptible(async (stop) => {
    const fault = Promise.withResolvers<never>();
    const device = await request();
    try {
      const rin = await Rin.load(device, checkpoint, {
        precision: flags.precision as FloatType | undefined,
      });
      const identity = identityOf(await sha256(file.bytes), file.checkpoint.about);
      await rememberCheckpoint(identity, file.path);
      const service = await createService({
        rin,
        checkpoint,
        name: networkName(file.path),
        assets: await pageIfAllowed(),
        token,
        hosts: isLocal || allowed.length > 0
          ? [...OWN_NAMES, ...hostsOf(hostname), ...allowed]
          : undefined,
        cors,
        decode: decodeImage,
        limits: readLimits(flags),
        onFault: fault.reject,
      });
      // The first pass compiles; so it is not a visitor who waits for it.
      const given = contextSize(rin.config);
      const context = given > 0 ? new Float32Array(given) : undefined;
      await rin.sample({ count: 1, steps: 1, context });
      const answer = flags.log === true ? logged(service.fetch) : service.fetch;
      const server = listen({ hostname, port, usual: USUAL_PORT }, answer);
      for (const url of reachedAt(hostname, server.addr.port)) print(url);
      if (!isLocal && token === undefined) {
        printError(`rin: anyone who reaches ${hostname} can use it; --token-file requires a token`);
      }
      printError("Ctrl-C ends it");
      try {
        await Promise.race([untilAborted(stop), fault.promise]);
      } finally {
        await end(service, server);
      }
      return 0;
    } finally {
      device.destroy();
    }
  }, () => printError("Ending; open requests are answered first"));
}

/** Lets running requests finish within their time. */
async function end(service: Service, server: Deno.HttpServer): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timers = [
    setTimeout(service.close, LAST_ANSWERS),
    setTimeout(late.resolve, LAST_ANSWERS + 1000),
  ];
  await Promise.race([Promise.all([service.drain(), server.shutdown()]), late.promise]);
  timers.forEach(clearTimeout);
}

/** Whether a checkpoint holds more than sampling needs. */
function isTraining({ checkpoint: { slabs, training } }: CheckpointFile): boolean {
  return [slabs.ema, slabs.adam_m, slabs.adam_v, training].some((part) => part !== undefined);
}

/** The page's files, where they can be made: the service is whole without them. */
async function pageIfAllowed(): Promise<Assets | undefined> {
  try {
    return await pageAssets();
  } catch (thrown) {
    if (!(thrown instanceof CommandError)) throw thrown;
    printError(`rin: serving without the page. ${thrown.message}`);
  }
}

function readLimits(
  { maxBatch, maxWait, queue, maxWork, maxBody }: Given["flags"],
): Partial<ServiceLimits> {
  const number = (flag: string, value: Value | undefined, low: number, high: number) => {
    if (value === undefined || Number(value) >= low && Number(value) <= high) {
      return value as number | undefined;
    }
    throw new UsageError(`${flag} is ${value}: expected ${low} to ${high}`);
  };
  const mebibytes = number("--max-body", maxBody, 1, 256);
  return {
    body: mebibytes && mebibytes * 2 ** 20,
    batch: number("--max-batch", maxBatch, 1, 1024),
    wait: number("--max-wait", maxWait, 0, 60_000),
    queue: number("--queue", queue, 1, 100_000),
    work: number("--max-work", maxWork, 1, 1e9),
  };
}

/** The names that addresses are reached by, as requests give them. */
function hostsOf(hostname: string): string[] {
  return reachedAt(hostname, 1).map((url) => new URL(url).hostname);
}

/** Logs each request when its answer begins: time, client, request, status, and duration. */
function logged(answer: Service["fetch"]) {
  return async (request: Request, { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>) => {
    const start = performance.now();
    const response = await answer(request);
    const { pathname } = new URL(request.url);
    const ms = (performance.now() - start).toFixed(0);
    const when = new Date().toISOString().slice(0, 19) + "Z";
    printError(
      `${when} ${remoteAddr.hostname} ${request.method} ${pathname} ${response.status} ${ms} ms`,
    );
    return response;
  };
}

/** @throws {UsageError} when one is no name of a host */
function readHosts(value: Value | undefined): string[] {
  if (value === undefined) return [];
  return String(value).split(",").map((part) => {
    const name = part.trim().toLowerCase();
    if (/^([a-z0-9_.-]+|\[[0-9a-f:.]+\])$/.test(name)) return name;
    throw new UsageError(
      `--allow-host is ${value}: expected names without http:// and port, such as rin.example.org`,
    );
  });
}

/** @throws {UsageError} when one is no origin */
function readOrigins(value: Value = []): string[] {
  const origins = [value].flat().map(String);
  const wrong = origins.find((origin) => !isOrigin(origin));
  if (wrong === undefined) return origins;
  throw new UsageError(
    `--cors is ${wrong}: expected an origin without a path, such as https://example.org, or *`,
  );
}

async function readToken(path: Value | undefined): Promise<string | undefined> {
  if (path === undefined) return variable("RIN_TOKEN")?.trim() || undefined;
  let token: string;
  try {
    token = (await readText(String(path))).trim();
  } catch (thrown) {
    throw new CommandError(`Cannot read the token in ${path}: ${fileReason(thrown)}`);
  }
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new CommandError(`${path} holds no token: expected one line of letters, digits or signs`);
}
