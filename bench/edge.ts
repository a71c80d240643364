/**
 * What a picture costs where the examples run: size of the worker, cold start, CPU time, and memory.
 *
 *     deno run -A bench/edge.ts [CHECKPOINT] [--out FILE] [--pictures N]
 *
 * CHECKPOINT is what `rin export --dtype f16` wrote; without one, an untrained network of the preset
 * `faces` is measured, which takes as long. The script fetches runtimes into `.rin`, as the tests do,
 * and leaves out those that it can't fetch. It reads CPU time and memory from Linux's /proc. It prints
 * a table and writes all turns to FILE as JSON.
 *
 * - first byte, cold: from the start of the process to the first byte of its first picture (10 steps)
 * - first byte, warm: the same of the first picture that a process makes that has started already
 * - CPU: of the whole process, all of its threads, for one picture after another
 * - memory: the most that was resident, less what the runtime takes that answers "ok"
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { parseArgs } from "@std/cli";
import { writeCheckpoint } from "../src/model/checkpoint.ts";
import { completeConfig } from "../src/model/config.ts";
import { initialize } from "../src/model/initialize.ts";
import { parameterLayout } from "../src/model/parameters.ts";
import {
  firstAnswer,
  post,
  type ServerExample,
  SERVERS,
  start,
  type Started,
} from "../tests/examples/served.ts";
import { cpuSeconds, peakBytes } from "../tests/helpers/process.ts";
import { thisCommit, thisMachine } from "./machine.ts";
import { markdown } from "./measure.ts";
import { median } from "./peers/timing.ts";

/** Steps that are measured. */
const STEPS = [10, 25];

/** Processes that are started to be timed. */
const STARTS = 5;

/** Pictures before those that count, so that the kernels are compiled as well as they will be. */
const WARMUP = 30;

/** Turns that the pictures are divided into. */
const TURNS = 5;

const sampler = "dpm++";

const flags = parseArgs(Deno.args, { string: ["out", "pictures"] });
const checkpoint = flags._.length > 0 ? await Deno.readFile(String(flags._[0])) : untrained();
const picturesOfTurn = Math.ceil(Number(flags.pictures ?? 100) / TURNS);

function untrained(): Uint8Array<ArrayBuffer> {
  const config = completeConfig({});
  const parameters = initialize(parameterLayout(config), 0);
  return writeCheckpoint({ config, slabs: { parameters } }, "f16");
}

/** One runtime's figures: all turns. */
interface Figures {
  readonly runtime: string;
  /** What pictures say that made them. */
  readonly device: string;
  readonly version: string;
  /** ms. */
  readonly cold: number[];
  /** ms. */
  readonly warm: number[];
  /** ms of a picture, by steps. */
  readonly cpu: Record<number, number[]>;
  /** ms from asking to the whole picture, by steps. */
  readonly latency: Record<number, number[]>;
  /** Bytes. */
  readonly memory: number;
}

let seed = 0;

const ask = (steps: number) => (url: string) => post(url, { seed: seed++, steps, sampler });

/** Milliseconds until the first byte of a picture's file. */
async function firstByte(begin: number, answering: Promise<Response>): Promise<number> {
  const { status, body } = await answering;
  if (status !== 200) throw new Error(`A picture was answered with ${status}`);
  const reader = body!.getReader();
  await reader.read();
  const ms = performance.now() - begin;
  while (!(await reader.read()).done);
  return ms;
}

async function withStarted<T>(
  folder: string,
  program: string,
  example: ServerExample,
  measure: (started: Started) => Promise<T>,
): Promise<T> {
  const started = start(folder, program, example);
  try {
    return await measure(started);
  } finally {
    await started.stop();
  }
}

async function awake(started: Started): Promise<void> {
  await (await firstAnswer(started, (url) => fetch(`${url}healthz`))).text();
}

/** Servers that answer "ok" alone, as the examples' scripts. */
const PLAIN: Record<keyof typeof SERVERS, string> = {
  workerd: `export default { fetch: () => new Response("ok") };`,
  deno: `export default { fetch: () => new Response("ok") };`,
  node: `import { createServer } from "node:http";
    createServer((_, answer) => answer.end("ok")).listen(process.env.PORT);`,
  bun: `Bun.serve({ port: process.env.PORT, fetch: () => new Response("ok") });`,
};

/** The most memory that a runtime takes that answers "ok" as often as pictures are asked for. */
async function plainBytes(
  folder: string,
  program: string,
  example: ServerExample,
  script: string,
): Promise<number> {
  await Deno.writeTextFile(`${folder}/${example.bundle}`, script);
  await Deno.writeFile(`${folder}/net.safetensors`, new Uint8Array());
  return await withStarted(folder, program, example, async (started) => {
    await awake(started);
    const requests = WARMUP + STEPS.length * TURNS * picturesOfTurn;
    for (let i = 0; i < requests; i++) await (await fetch(started.url)).text();
    return await peakBytes(started.pid);
  });
}

async function versionOf(program: string): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args: ["--version"] }).output();
  return new TextDecoder().decode(stdout).split("\n")[0].replace(/[^\d]*/, "").split(" ")[0];
}

/** Asks for pictures one after the other. */
async function inTurns({ url, pid }: Started): Promise<Pick<Figures, "cpu" | "latency">> {
  const cpu: Figures["cpu"] = {};
  const latency: Figures["latency"] = {};
  for (let i = 0; i < WARMUP; i++) await (await ask(STEPS[0])(url)).bytes();
  for (const steps of STEPS) {
    [cpu[steps], latency[steps]] = [[], []];
    for (let turn = 0; turn < TURNS; turn++) {
      const [used, begin] = [await cpuSeconds(pid), performance.now()];
      for (let i = 0; i < picturesOfTurn; i++) await (await ask(steps)(url)).bytes();
      latency[steps].push((performance.now() - begin) / picturesOfTurn);
      cpu[steps].push(1000 * (await cpuSeconds(pid) - used) / picturesOfTurn);
    }
  }
  return { cpu, latency };
}

async function measure(
  runtime: keyof typeof SERVERS,
  folder: string,
): Promise<Figures | undefined> {
  const example: ServerExample = SERVERS[runtime];
  const program = await example.program();
  if (program === undefined) return undefined;
  await example.prepare(folder, checkpoint);
  const [cold, warm]: number[][] = [[], []];
  for (let i = 0; i < STARTS; i++) {
    cold.push(
      await withStarted(folder, program, example, (started) => {
        const begin = performance.now();
        return firstByte(begin, firstAnswer(started, ask(STEPS[0])));
      }),
    );
    warm.push(
      await withStarted(folder, program, example, async (started) => {
        await awake(started);
        return await firstByte(performance.now(), ask(STEPS[0])(started.url));
      }),
    );
  }
  const [device, peak, turns] = await withStarted(folder, program, example, async (started) => {
    await awake(started);
    const text = new TextDecoder("latin1").decode(await (await ask(1)(started.url)).bytes());
    const turns = await inTurns(started);
    return [/"device":"([^"]+)"/.exec(text)![1], await peakBytes(started.pid), turns] as const;
  });
  const memory = peak - await plainBytes(folder, program, example, PLAIN[runtime]);
  return { runtime, version: await versionOf(program), device, cold, warm, ...turns, memory };
}

const gzipped = (bytes: Uint8Array) => gzipSync(bytes, { level: 9 }).length;

/** Bytes of the worker, its kernels and its checkpoint, each gzipped. */
async function sizeOfWorker(): Promise<Record<string, number>> {
  const folder = await Deno.makeTempDir();
  await SERVERS.workerd.prepare(folder, checkpoint);
  const script = gzipped(await Deno.readFile(`${folder}/${SERVERS.workerd.bundle}`));
  const kernels = gzipped(
    await Deno.readFile(new URL("../kernels/wasm/fused.wasm", import.meta.url)),
  );
  await Deno.remove(folder, { recursive: true });
  return { script, kernels, checkpoint: gzipped(checkpoint) };
}

const size = await sizeOfWorker();
const total = Object.values(size).reduce((a, b) => a + b, 0);
const kb = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
const parts = Object.entries(size).map(([name, bytes]) => `${name} ${kb(bytes)}`).join(", ");
console.log(`The worker, gzipped: ${kb(total)} (${parts})\n`);

const all: Figures[] = [];
for (const runtime of Object.keys(SERVERS) as (keyof typeof SERVERS)[]) {
  const folder = await Deno.makeTempDir();
  try {
    const figures = await measure(runtime, folder);
    if (figures) all.push(figures);
    else console.error(`${runtime} is left out: it could not be fetched`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
const ms = (turns: readonly number[]) => median(turns).toFixed(median(turns) < 100 ? 1 : 0);
console.log(
  markdown(
    [
      ...["runtime", "device", "first byte, cold, ms", "warm, ms"],
      ...STEPS.flatMap((steps) => [`CPU of ${steps} steps, ms`, `latency, ms`]),
      "memory, MB",
    ],
    all.map(({ runtime, version, device, cold, warm, cpu, latency, memory }) => [
      ...[`${runtime} ${version}`, device, ms(cold), ms(warm)],
      ...STEPS.flatMap((steps) => [ms(cpu[steps]), ms(latency[steps])]),
      (memory / 1e6).toFixed(0),
    ]),
  ),
);

if (flags.out) {
  const [commit, machine] = await Promise.all([thisCommit(), thisMachine()]);
  const date = new Date().toISOString();
  const results = { version: 1, commit, date, machine, size, measurements: all };
  await Deno.writeTextFile(flags.out, JSON.stringify(results, null, 2) + "\n");
}
