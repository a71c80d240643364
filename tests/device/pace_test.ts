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
