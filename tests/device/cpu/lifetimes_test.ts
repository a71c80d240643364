// Many devices, and many trainers on one: all that they held is given back.

import { assert, assertEquals } from "@std/assert";
import type { CpuDevice } from "../../../src/device/cpu/device.ts";
import { requestCpu } from "../../../src/device/cpu/request.ts";
import { Trainer } from "../../../src/train/trainer.ts";
import { SMALL } from "../../helpers/small_net.ts";
import { addPlan, aloneModule, filled, onEachRunner, values } from "./plans.ts";

const COUNT = 200;

/** How many threads this process has, where the system says so. */
function threadsNow(): number {
  if (Deno.build.os !== "linux") return 0;
  return [...Deno.readDirSync("/proc/self/task")].length;
}

Deno.test(`requestCpu() makes ${COUNT} devices, with a thread and without in turns, and frees them`, async () => {
  const module = await aloneModule();
  const before = threadsNow();
  let previous: CpuDevice | undefined;
  for (let i = 0; i < COUNT; i++) {
    const device = await requestCpu(i % 2 === 0 ? { threads: 1 } : { module });
    const { plan, x, y } = addPlan(1000);
    device.write(x, filled(1000, i));
    (await device.compile(plan)).run();
    assertEquals(values(await device.read(y)), [i]);
    previous?.destroy();
    assertEquals(previous?.bytes ?? 0, 0);
    previous = device;
  }
  previous?.destroy();
  assert(threadsNow() <= before + 8, `${before} threads before, ${threadsNow()} after`);
});

/** How often a memory grows while something is done. */
async function growths(work: () => Promise<void>): Promise<number> {
  let count = 0;
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function (pages) {
    count++;
    return grow.call(this, pages);
  };
  try {
    await work();
  } finally {
    WebAssembly.Memory.prototype.grow = grow;
  }
  return count;
}

onEachRunner(
  `Trainer.create() makes ${COUNT} trainers on one device, and frees them`,
  async (device) => {
    /** Trains, sometimes draws and checks, and goes while that is in flight. */
    const comeAndGo = async (index: number) => {
      const batchSize = 1 + index % 4;
      const batch = filled(batchSize * 3 * SMALL.imageSize ** 2, 0.5);
      const trainer = await Trainer.create(device, SMALL, { batchSize, steps: 10 });
      if (index % 8 === 0) {
        await trainer.average.sample({ count: 2, steps: 2 });
        await trainer.validate([batch]);
      }
      await trainer.enqueue(batch);
      trainer.destroy();
      await device.idle();
      assertEquals(device.bytes, 0, `after trainer ${index}`);
    };
    for (let i = 0; i < 8; i++) await comeAndGo(i);
    const count = await growths(async () => {
      for (let i = 8; i < COUNT; i++) await comeAndGo(i);
    });
    assertEquals(count, 0, "what was freed is used again");
  },
);
