// What the tests run in other runtimes: a program on the CPU device, and in words what came of it.

import { requestCpu } from "../../../src/device/cpu/request.ts";
import { addPlan, filled, values } from "./plans.ts";

const SIZE = 1 << 20;

/** Leaves a device that was used, one that never was, and one that was destroyed. */
async function describe(threads: number): Promise<string> {
  const standard = await requestCpu();
  standard.destroy();
  await requestCpu({ threads });
  const device = await requestCpu({ threads });
  const { plan, x, y } = addPlan(SIZE, 30);
  const program = await device.compile(plan);
  device.write(x, filled(SIZE, 1.5));
  for (let i = 0; i < 10; i++) program.run();
  device.write(x, filled(SIZE, 0.5));
  program.run();
  return `${device.description}: ${values(await device.read(y))}, ${standard.threads} by default`;
}

const outcome = describe(2).catch((error) => String(error));
Object.assign(globalThis, { outcome });
console.log(await outcome);
