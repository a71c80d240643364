import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { driverAdvice, missingDriverAdvice } from "../../cli/gpu_advice.ts";
import { withFolder, write } from "../data/scratch.ts";

const NVIDIA = 0x10de, AMD = 0x1002, INTEL = 0x8086;
const VGA = 0x030000, CONTROLLER_3D = 0x030200, NO_OUTPUT = 0x038000;

Deno.test("driverAdvice() has one line for each maker's GPU", () => {
  const cases = [
    [NVIDIA, VGA, "NVIDIA's own driver with its Vulkan part"],
    [NVIDIA, CONTROLLER_3D, "NVIDIA's own driver with its Vulkan part"],
    [AMD, VGA, "libvulkan1 mesa-vulkan-drivers"],
    [AMD, NO_OUTPUT, "libvulkan1 mesa-vulkan-drivers"],
    [INTEL, VGA, "libvulkan1 mesa-vulkan-drivers"],
  ] as const;
  for (const [vendor, kind, text] of cases) {
    const advice = driverAdvice([{ vendor: INTEL, class: 0x020000 }, { vendor, class: kind }])!;
    assertStringIncludes(advice, text);
    assertMatch(advice, /^This machine has an (NVIDIA|AMD|Intel) GPU .*\.$/);
  }
});

Deno.test("driverAdvice() prefers NVIDIA's first GPU, then AMD's", () => {
  const all = [INTEL, AMD, NVIDIA].map((vendor) => ({ vendor, class: VGA }));
  assertStringIncludes(driverAdvice(all)!, "an NVIDIA GPU");
  assertStringIncludes(driverAdvice(all.slice(0, 2))!, "an AMD GPU");
});

Deno.test("driverAdvice() ignores virtual displays, remote consoles, and other devices", () => {
  // QEMU, virtio, VMware, VirtualBox, Cirrus, Hyper-V, ASPEED, Matrox.
  const makers = [0x1234, 0x1af4, 0x15ad, 0x80ee, 0x1013, 0x1414, 0x1a03, 0x102b];
  for (const vendor of makers) assertEquals(driverAdvice([{ vendor, class: VGA }]), undefined);
  // A network card, the sound of a graphics card, a device without a class.
  for (const kind of [0x020000, 0x040300, 0xffff00]) {
    for (const vendor of [NVIDIA, AMD, INTEL]) {
      assertEquals(driverAdvice([{ vendor, class: kind }]), undefined);
    }
  }
  assertEquals(driverAdvice([]), undefined);
});

/** Describes a device as Linux does. */
function describe(system: string, place: string, vendor: string, kind: string): Promise<void[]> {
  const folder = `${system}/bus/pci/devices/0000:${place}`;
  return Promise.all([
    write(`${folder}/vendor`, `${vendor}\n`),
    write(`${folder}/class`, `${kind}\n`),
  ]);
}

Deno.test("missingDriverAdvice() speaks if Linux describes a GPU that WebGPU did not find", () =>
  withFolder(async (system) => {
    await describe(system, "00:1f.6", "0x8086", "0x020000");
    assertEquals(missingDriverAdvice(false, system), undefined);
    await describe(system, "00:02.0", "0x1234", "0x030000");
    assertEquals(missingDriverAdvice(false, system), undefined);
    await describe(system, "41:00.0", "0x10de", "0x030200");
    assertStringIncludes(missingDriverAdvice(false, system)!, "NVIDIA");
    assertEquals(missingDriverAdvice(true, system), undefined);
  }));

Deno.test("missingDriverAdvice() skips what it can't read", () =>
  withFolder(async (system) => {
    assertEquals(missingDriverAdvice(false, `${system}/none`), undefined);
    await write(`${system}/file/bus/pci/devices`, "no folder");
    assertEquals(missingDriverAdvice(false, `${system}/file`), undefined);
    await write(`${system}/bus/pci/devices/0000:00:01.0/vendor`, "0x10de\n");
    await write(`${system}/bus/pci/devices/0000:00:02.0/uevent`, "");
    await describe(system, "00:03.0", "what", "0x030000");
    assertEquals(missingDriverAdvice(false, system), undefined);
    await describe(system, "00:04.0", "0x1002", "0x030000");
    assertStringIncludes(missingDriverAdvice(false, system)!, "AMD");
  }));

Deno.test("missingDriverAdvice() works without permissions", async () => {
  const module = new URL("../../cli/gpu_advice.ts", import.meta.url).href;
  const code = `import { missingDriverAdvice } from "${module}";
    console.log(missingDriverAdvice(false));`;
  for (const permissions of [[], ["--allow-read"], ["--allow-read=/sys"], ["--deny-read"]]) {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-config",
        ...permissions,
        `data:application/typescript,${encodeURIComponent(code)}`,
      ],
      stdin: "null",
    }).output();
    const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert(success, error);
    assertEquals([out.trim(), error], ["undefined", ""]);
  }
});
