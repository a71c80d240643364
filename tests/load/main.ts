// `deno task load [SECONDS] [CLIENTS]`: 200 clients of `rin serve` with a tiny network on loopback for
// a minute, after another that warms it up, with batching and without. Most ask for an image; one request in twenty is streamed,
// one makes no sense, one is left alone halfway. Prints throughput, latency and memory; fails where an
// answer is none that it should be, or memory grows.

import { CHECKPOINT } from "../service/tiny_service.ts";
import { startRin } from "../cli/rin.ts";
import { firstLine, metricOf } from "../cli/serving.ts";
import { residentBytes } from "../helpers/process.ts";

const seconds = Number(Deno.args[0] ?? 60);
const clients = Number(Deno.args[1] ?? 200);

/** Steps of an image. */
const STEPS = 10;

/** What a minute may add to the memory of the process, bytes. */
const GROWTH = 32 * 2 ** 20;

interface Tally {
  /** When counting begins. */
  readonly begin: number;
  /** Of whole answers with an image, ms. */
  readonly latencies: number[];
  readonly counts: Map<string, number>;
  readonly failures: string[];
}

function post(url: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(`${url}v1/images`, { method: "POST", headers, body: JSON.stringify(body), signal });
}

/** One request after the other, until time is up. */
async function client(url: string, number: number, until: number, tally: Tally): Promise<void> {
  for (let turn = 0; performance.now() < until; turn++) {
    const isCounted = performance.now() >= tally.begin;
    const count = (name: string) =>
      isCounted && tally.counts.set(name, (tally.counts.get(name) ?? 0) + 1);
    const expect = (holds: boolean, found: string) => holds || tally.failures.push(found);
    const kind = (number + 7 * turn) % 20;
    const asked = { steps: STEPS, sampler: "dpm++", seed: 1000 * number + turn };
    const begin = performance.now();
    try {
      if (kind === 0) {
        const answer = await fetch(`${url}v1/images/stream?steps=${STEPS}&previews=2&seed=${turn}`);
        const text = await answer.text();
        expect(answer.status === 429 || text.includes("event: done"), text.slice(0, 200));
        count(answer.status === 429 ? "429" : "streams");
      } else if (kind === 1) {
        const answer = await post(url, { ...asked, steps: -turn });
        expect(answer.status === 400, `${answer.status} for bad input`);
        await answer.body?.cancel();
        count("refused");
      } else if (kind === 2) {
        await post(url, { ...asked, count: 8 }, AbortSignal.timeout(30)).then(
          (answer) => answer.body?.cancel(),
          (thrown) => expect(thrown.name === "TimeoutError", String(thrown)),
        );
        count("left");
      } else {
        const answer = await post(url, asked);
        const { length } = await answer.bytes();
        expect([200, 429].includes(answer.status) && length > 0, `${answer.status}`);
        if (answer.status === 200 && isCounted) tally.latencies.push(performance.now() - begin);
        count(answer.status === 200 ? "images" : "429");
        if (answer.status === 429) await new Promise((resolve) => setTimeout(resolve, 500));
      }
    } catch (thrown) {
      tally.failures.push(String(thrown));
    }
  }
}

/** Growth over a minute of what was measured each second, by least squares. */
function growthOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const [up, across] = values.reduce(
    ([up, across], y, x) => [up + (x - middle) * (y - mean), across + (x - middle) ** 2],
    [0, 0],
  );
  return 60 * up / across;
}

async function difference(after: Promise<number[]>, before: Promise<number[]>): Promise<number[]> {
  const [a, b] = await Promise.all([after, before]);
  return a.map((value, i) => value - b[i]);
}

async function load(name: string, flags: readonly string[]): Promise<boolean> {
  const cwd = await Deno.makeTempDir();
  await Deno.writeFile(`${cwd}/net.safetensors`, CHECKPOINT);
  const args = ["serve", "--checkpoint", "net.safetensors", ...flags];
  const server = startRin(args, { cwd });
  const said = new Response(server.stderr).text();
  const url = await firstLine(server.stdout, said);
  const begin = performance.now() + 1000 * seconds;
  const tally: Tally = { begin, latencies: [], counts: new Map(), failures: [] };
  const rss: number[] = [], device: number[] = [];
  const watch = setInterval(async () => {
    if (performance.now() < begin) return;
    rss.push(await residentBytes(server.pid));
    device.push(await metricOf(url, "rin_device_bytes"));
  }, 1000);
  const figures = () =>
    Promise.all(["count", "sum"].map((name) => metricOf(url, `rin_batch_images_${name}`)));
  const before = new Promise<void>((resolve) => setTimeout(resolve, 1000 * seconds)).then(figures);
  const until = begin + 1000 * seconds;
  await Promise.all(Array.from({ length: clients }, (_, i) => client(url, i, until, tally)));
  clearInterval(watch);
  const took = (performance.now() - begin) / 1000;
  const [batches, made] = await difference(figures(), before);
  server.kill("SIGTERM");
  const { code } = await server.status;
  await Deno.remove(cwd, { recursive: true });

  const sorted = tally.latencies.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]?.toFixed(0);
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  const growth = growthOf(rss);
  console.log(
    `${name}: ${(made / took).toFixed(1)} images/s in batches of ${
      (made / batches).toFixed(1)
    }; latency p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)} ms
  answers: ${[...tally.counts].map(([name, count]) => `${name} ${count}`).sort().join(", ")}
  RSS ${mib(rss[0])} MiB at first, ${mib(rss.at(-1)!)} at last, growing by ${
      mib(growth)
    } a minute; ` +
      `device at most ${mib(Math.max(...device))} MiB, at last ${
        mib(device.at(-1)!)
      }; ended with ${code}`,
  );
  for (const failure of new Set(tally.failures)) console.error(`  failed: ${failure}`);
  return tally.failures.length === 0 && code === 0 && !(growth > GROWTH) && sorted.length > 0;
}

const well = [
  await load("batches of up to 32", []),
  await load("one at a time", ["--max-batch", "1"]),
];
if (!well.every(Boolean)) {
  console.error("Not as it should be");
  Deno.exit(1);
}
