import { assert, assertEquals, assertRejects } from "@std/assert";
import { Pace } from "../../src/device/pace.ts";

/**
 * A device on a clock of its own: it takes `each` ms for a submission, and says so at multiples of
 * `tick` ms alone. Time passes only for who waits.
 */
class SlowAnswers {
  now = 0;
  #busyUntil = 0;
  #open = 0;
  /** Most submissions that were in flight. */
  most = 0;

  constructor(readonly each: number, readonly tick: number) {}

  idle(): Promise<void> {
    this.most = Math.max(this.most, ++this.#open);
    this.#busyUntil = Math.max(this.#busyUntil, this.now) + this.each;
    const until = Math.ceil(this.#busyUntil / this.tick) * this.tick;
    const fence = {
      catch: () => fence,
      then: (resolve: () => void) => {
        this.#open--;
        this.now = Math.max(this.now, until);
        resolve();
      },
    };
    return fence as unknown as Promise<void>;
  }
}

async function paced(device: SlowAnswers, submissions: number): Promise<Pace> {
  const pace = new Pace(() => device.now);
  for (let i = 0; i < submissions; i++) await pace.after(device.idle());
  return pace;
}

Deno.test("Pace.after() keeps a fast device busy that answers late", async () => {
  const device = new SlowAnswers(2, 11);
  await paced(device, 400);
  // Two at a time would take 2,200 ms, and the device alone takes 800.
  assert(device.now < 900, `${device.now} ms`);
});

Deno.test("Pace.after() keeps two submissions in flight of a slow device", async () => {
  const device = new SlowAnswers(40, 1);
  assertEquals((await paced(device, 12)).depth, 2);
});

Deno.test("Pace.after() never holds more than 32 submissions and the one that waits", async () => {
  const device = new SlowAnswers(0.01, 11);
  assertEquals((await paced(device, 2000)).depth, 32);
  assertEquals(device.most, 33);
});

/** Replays steps as a sampler does: as many in a submission as the pace says. */
async function together(each: number, tick: number, count: number) {
  let now = 0;
  let busyUntil = 0;
  const pace = new Pace(() => now);
  const sizes: number[] = [];
  for (let done = 0; done < count;) {
    const { steps } = pace;
    busyUntil = Math.max(busyUntil, now) + each * steps;
    const until = Math.ceil(busyUntil / tick) * tick;
    const fence = {
      catch: () => fence,
      then: (resolve: () => void) => {
        now = Math.max(now, until);
        resolve();
      },
    };
    await pace.after(fence as unknown as Promise<void>, steps);
    sizes.push(steps);
    done += steps;
  }
  return { sizes, now, pace };
}

Deno.test("Pace.steps puts some 5 ms of short steps into a submission, and no more than 16", async () => {
  const short = await together(1, 11, 1000);
  assertEquals(short.sizes[0], 1);
  assert([5, 6].includes(short.sizes.at(-1)!), `${short.sizes}`);
  assert(short.now < 1100, `${short.now} ms`);
  assert(short.pace.depth >= 6 && short.pace.depth <= 8);
  assertEquals((await together(0.01, 11, 5000)).sizes.at(-1), 16);
});

Deno.test("Pace.steps is 1 where a step takes long", async () => {
  assert((await together(8, 1, 50)).sizes.every((size) => size === 1));
});

Deno.test("Pace remembers a device's speed across a pause", async () => {
  const device = new SlowAnswers(1, 11);
  const pace = await paced(device, 400);
  const { depth, steps } = pace;
  assert(depth > 20 && steps > 4);
  device.now += 5000;
  for (let i = 0; i < 40; i++) await pace.after(device.idle());
  assert(pace.depth > 0.8 * depth && pace.steps >= steps - 1, `${pace.depth}, ${pace.steps}`);
});

Deno.test("Pace.after() keeps its first depth where the clock stands still", async () => {
  const pace = new Pace(() => 0);
  for (let i = 0; i < 100; i++) await pace.after(Promise.resolve());
  assertEquals(pace.depth, 4);
});

Deno.test("Pace.after() passes a fault on", async () => {
  const pace = new Pace();
  await assertRejects(
    async () => {
      for (let i = 0; i < 9; i++) await pace.after(Promise.reject(new Error("lost")));
    },
    Error,
    "lost",
  );
});
