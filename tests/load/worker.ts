// `deno task load:worker [REQUESTS] [CLIENTS]`: 10,000 requests of 20 clients on loopback to the example
// for Cloudflare, in workerd, with a tiny network. Of twenty requests sixteen ask for an image, two have
// one streamed, one makes no sense, one is left alone halfway. Fails where an answer is none that it
// should be, or memory grows.

import { workerd } from "../device/cpu/runtimes.ts";
import { post, serve, SERVERS } from "../examples/served.ts";
import { residentBytes } from "../helpers/process.ts";

/** What came of it. */
export interface Outcome {
  /** Answers by kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** What was no answer that it should be. */
  readonly failures: readonly string[];
  /** Resident memory, each time that another twentieth of the requests was answered, bytes. */
  readonly resident: readonly number[];
  /** What workerd printed. */
  readonly said: string;
  readonly seconds: number;
}

/** Starts workerd in an empty folder and asks. */
export async function loadWorker(
  folder: string,
  program: string,
  requests: number,
  clients: number,
): Promise<Outcome> {
  const { url, pid, stop } = await serve(folder, program, SERVERS.workerd);
  const counts: Record<string, number> = { images: 0, streams: 0, refused: 0, left: 0 };
  const failures: string[] = [];
  const resident: number[] = [];
  const expect = (holds: boolean, found: string) => void (holds || failures.push(found));

  const ask = async (number: number) => {
    const asked = { seed: number, steps: 4 };
    const kind = number % 20;
    if (kind === 0) {
      const signal = AbortSignal.timeout(number % 7);
      await post(url, { ...asked, count: 32, steps: 20 }, { signal }).then(
        (answer) => answer.body?.cancel(),
        ({ name }) => expect(name === "TimeoutError", name),
      );
      counts.left++;
    } else if (kind === 1) {
      const answer = await post(url, { ...asked, steps: -1 });
      expect(answer.status === 400, `${answer.status} for bad input`);
      await answer.text();
      counts.refused++;
    } else if (kind < 4) {
      const answer = await fetch(`${url}v1/images/stream?steps=4&previews=2&seed=${number}`);
      const text = await answer.text();
      expect(text.includes("event: done"), `${answer.status}: ${text.slice(0, 200)}`);
      counts.streams++;
    } else {
      const answer = await post(url, asked);
      const { length } = await answer.bytes();
      expect(answer.status === 200 && length > 0, `${answer.status}`);
      counts.images++;
    }
  };

  const begin = performance.now();
  let next = 0;
  let answered = 0;
  const client = async () => {
    while (next < requests) {
      await ask(next++).catch((thrown) => failures.push(String(thrown)));
      if (++answered % Math.ceil(requests / 20) === 0) resident.push(await residentBytes(pid));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - begin) / 1000;
  const { said } = await stop();
  return { counts, failures, resident, said, seconds };
}

/** What memory may grow by once it is warm, bytes. */
const GROWTH = 32 * 2 ** 20;

/** Whether all answers were as they should be and memory was flat: the last fifth against the third. */
export function isWell({ failures, resident, said }: Outcome): boolean {
  const [warm, last] = [resident.slice(8, 12), resident.slice(-4)].map((part) => Math.max(...part));
  return failures.length === 0 && said === "" && !(last - warm > GROWTH);
}

if (import.meta.main) {
  const program = await workerd();
  if (program === undefined) throw new Error("workerd can't be fetched here");
  const folder = await Deno.makeTempDir();
  const [requests = 10_000, clients = 20] = Deno.args.map(Number);
  const outcome = await loadWorker(folder, program, requests, clients);
  await Deno.remove(folder, { recursive: true });
  const { counts, failures, resident, said, seconds } = outcome;
  console.log(
    `${Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(", ")} in ${
      seconds.toFixed(0)
    } s; RSS ${resident.map((bytes) => (bytes / 2 ** 20).toFixed(0)).join(" ")} MiB`,
  );
  for (const failure of new Set(failures)) console.error(`  failed: ${failure}`);
  if (said) console.error(said.slice(0, 2000));
  if (!isWell(outcome)) {
    console.error("Not as it should be");
    Deno.exit(1);
  }
}
