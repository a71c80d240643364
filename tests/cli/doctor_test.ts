import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { choose } from "../../cli/doctor/found_devices.ts";
import { tryKernel } from "../../cli/doctor/kernel_check.ts";
import { requestCpu } from "../../src/device/cpu/request.ts";
import { NoGpuError } from "../../src/device/errors.ts";
import { available } from "../helpers/gpu.ts";
import { complaint, NO_ADAPTER, rin } from "./rin.ts";

Deno.test({
  name: "rin doctor shows and checks both devices, and says which one is used",
  ignore: !available,
  fn: async () => {
    const { code, stdout } = await rin(["doctor", "--threads", "3"]);
    assertEquals(code, 0, stdout);
    for (const text of ["maxStorageBufferBindingSize", "Timestamps", "CPU           3 threads"]) {
      assertStringIncludes(stdout, text);
    }
    assertEquals(stdout.match(/correct \(matrix product, .*\), [\d.]+ GFLOP\/s/g)?.length, 2);
    assertMatch(stdout, /Device +--device auto takes the (CPU: what WebGPU finds is|GPU: it is)/);
    assertMatch(stdout, /Arithmetic +(fused|exact): /);
  },
});

Deno.test("rin doctor is content with the CPU, except with --device gpu", async () => {
  const auto = await rin(["doctor"], { env: NO_ADAPTER });
  assertEquals(auto.code, 0, auto.stdout);
  assertStringIncludes(auto.stdout, "GPU           none that WebGPU finds");
  assertStringIncludes(auto.stdout, "--device auto takes the CPU: WebGPU finds no GPU.");
  assertEquals(auto.stdout.match(/correct \(matrix product/g)?.length, 1);
  const gpu = await rin(["doctor", "--device", "gpu"], { env: NO_ADAPTER });
  assertEquals(gpu.code, 1, gpu.stdout);
  assertStringIncludes(gpu.stdout, "--device gpu fails: WebGPU found no adapter: on Linux ");
  assertStringIncludes(gpu.stdout, "mesa-vulkan-drivers");
});

Deno.test("rin doctor uses a software adapter only with --device gpu", () => {
  const none = new NoGpuError("none");
  const takes = (choice: "auto" | "gpu" | "cpu") =>
    [{ isSoftware: false }, { isSoftware: true }, none].map((gpu) => choose(choice, gpu).takes);
  assertEquals(takes("auto"), ["gpu", "cpu", "cpu"]);
  assertEquals(takes("gpu"), ["gpu", "gpu", "none"]);
  assertEquals(takes("cpu"), ["cpu", "cpu", "cpu"]);
  assertStringIncludes(choose("auto", { isSoftware: true }).why, "software");
});

Deno.test("tryKernel() finds a device that computes wrong results", async () => {
  const device = await requestCpu({ threads: 1 });
  try {
    assert((await tryKernel(device)).correct);
    const read = device.read.bind(device);
    device.read = async (tensor) => (await read(tensor)).map((value, i) => i === 7 ? NaN : value);
    assertEquals((await tryKernel(device)).correct, false);
  } finally {
    device.destroy();
  }
});

Deno.test("device flags end a command with one sentence and exit code 2 if they make no sense", async () => {
  const say = async (...args: string[]) => complaint(await rin(["doctor", ...args]), 2);
  assertStringIncludes(await say("--threads", "0"), "--threads is 0: give a whole number from 1");
  assertStringIncludes(await say("--threads", "257"), "--threads is 257");
  assertStringIncludes(await say("--threads", "1.5"), "--threads is 1.5");
  assertStringIncludes(await say("--device", "tpu"), "--device is tpu");
  assertStringIncludes(await say("--device", "gpu", "--threads", "2"), "is for the CPU device");
});
