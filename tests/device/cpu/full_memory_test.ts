// A device whose memory is nearly full.

import { assertEquals, assertRejects } from "@std/assert";
import { link } from "../../../src/device/cpu/link.ts";
import { CpuDevice } from "../../../src/device/cpu/device.ts";
import { lowerings } from "../../../src/device/cpu/lowering/table.ts";
import { LinearMemory } from "../../../src/device/cpu/memory.ts";
import { Queue } from "../../../src/device/cpu/queue.ts";
import { Slices } from "../../../src/device/cpu/slices.ts";
import { DeviceLimitError } from "../../../src/device/errors.ts";
import { addPlan, aloneModule, filled, values } from "./plans.ts";

Deno.test("CpuDevice lets a plan wait that fits only without the work in flight", async () => {
  const linear = new WebAssembly.Memory({ initial: 16, maximum: 128 });
  const exports = await link(await aloneModule(), linear);
  const memory = new LinearMemory(linear, 128 * 65536, exports.heapBase());
  const queue = new Queue((events) => new Slices(exports.run, memory.barrier, events));
  const device = new CpuDevice(memory, queue, lowerings, "exact");
  const size = 700_000;
  for (let turn = 1; turn <= 3; turn++) {
    const { plan, x, y } = addPlan(size, turn);
    const program = await device.compile(plan);
    device.write(x, filled(size, 1));
    assertEquals(values((await device.read(y)).subarray(0, 9)), [0]);
    program.run();
    await assertRejects(() => device.compile(addPlan(size).plan), DeviceLimitError);
    program.run();
    program.destroy();
    device.release(x.storage!, y.storage!);
  }
  await device.idle();
  assertEquals(device.bytes, 0);
  device.destroy();
});
