import { assertEquals, assertStringIncludes } from "@std/assert";
import { adviceFor } from "../../cli/doctor/install_advice.ts";
import { available } from "../helpers/gpu.ts";
import { NO_ADAPTER, rin } from "./rin.ts";

Deno.test({
  name: "doctor: describes the adapter and checks a kernel",
  ignore: !available,
  fn: async () => {
    const { code, stdout } = await rin(["doctor"]);
    assertEquals(code, 0, stdout);
    for (
      const text of ["Adapter", "maxStorageBufferBindingSize", "Timestamps", "correct (matrix"]
    ) {
      assertStringIncludes(stdout, text);
    }
  },
});

Deno.test("doctor: without an adapter it says what to install, with exit code 1", async () => {
  const { code, stdout } = await rin(["doctor"], { env: NO_ADAPTER });
  assertEquals(code, 1, stdout);
  assertStringIncludes(stdout, "none found");
  assertStringIncludes(stdout, adviceFor(Deno.build.os, "")[0].slice(0, 8));
});

Deno.test("doctor: the advice fits the system", () => {
  const cases: [string, string][] = [
    ["ID=ubuntu\nID_LIKE=debian\n", "apt-get install libvulkan1 mesa-vulkan-drivers"],
    ['NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n', "apt-get"],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install vulkan-loader"],
    ["ID=arch\n", "pacman"],
    ["ID=alpine\n", "apk add"],
    ["ID=nixos\n", "this system's packages"],
  ];
  for (const [release, text] of cases) assertStringIncludes(adviceFor("linux", release)[0], text);
  assertStringIncludes(adviceFor("darwin", "")[0], "macOS");
  assertStringIncludes(adviceFor("windows", "")[0], "driver");
});
