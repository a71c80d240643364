/**
 * Names the driver to install where the machine has a GPU but WebGPU finds none.
 *
 * @module
 */

/** A PCI device, by the numbers that every device reports. */
export interface PciDevice {
  /** The maker, such as 0x10de. */
  readonly vendor: number;
  /** The kind of device, 24 bits: class, subclass, interface. */
  readonly class: number;
}

const MESA = "install Mesa's Vulkan drivers (on Debian and Ubuntu: sudo apt-get install " +
  "libvulkan1 mesa-vulkan-drivers)";

/**
 * Makers of GPUs, the one to advise on first where a machine has several. Every other display device
 * is left out: those of virtual machines (QEMU, virtio, VMware, VirtualBox, Hyper-V, Cirrus) and of
 * servers' remote consoles (ASPEED, Matrox) have no driver that would help.
 */
const MAKERS = [
  {
    vendor: 0x10de,
    name: "an NVIDIA",
    driver:
      "install NVIDIA's own driver with its Vulkan part (in a container, pass the GPU through " +
      "with the graphics capability)",
  },
  { vendor: 0x1002, name: "an AMD", driver: MESA },
  { vendor: 0x8086, name: "an Intel", driver: MESA },
] as const;

/** VGA controllers, 3D controllers (laptops, servers), and GPUs without an output. */
const DISPLAY_CLASSES = [0x0300, 0x0302, 0x0380];

/** The sentence for a machine with these devices; undefined if none of them is a GPU. */
export function driverAdvice(devices: readonly PciDevice[]): string | undefined {
  const gpus = devices.filter((device) => DISPLAY_CLASSES.includes(device.class >> 8));
  const maker = MAKERS.find(({ vendor }) => gpus.some((gpu) => gpu.vendor === vendor));
  return maker && `This machine has ${maker.name} GPU that WebGPU cannot use: ${maker.driver}.`;
}

/**
 * One line that names the driver to install for this machine's GPU. Undefined if WebGPU found the
 * GPU, if there is none, or if this can't be found out: on other systems than Linux, or where Deno
 * is not allowed to look (it needs --allow-all for that folder; rin doesn't ask for it).
 *
 * @param gpuFound whether WebGPU gave an adapter that is not software
 * @param system the folder in which Linux describes its devices
 */
export function missingDriverAdvice(gpuFound: boolean, system = "/sys"): string | undefined {
  return gpuFound ? undefined : driverAdvice(pciDevices(`${system}/bus/pci/devices`));
}

/** The PCI devices that a folder describes, each in a folder of its own; those that can be read. */
function pciDevices(folder: string): PciDevice[] {
  try {
    const { state } = Deno.permissions.querySync({ name: "read", path: folder });
    if (state !== "granted") return [];
    return [...Deno.readDirSync(folder)].flatMap(({ name }) => pciDevice(`${folder}/${name}`));
  } catch {
    return [];
  }
}

function pciDevice(folder: string): [PciDevice] | [] {
  try {
    const [vendor, kind] = ["vendor", "class"].map((name) =>
      Number(Deno.readTextFileSync(`${folder}/${name}`))
    );
    return [{ vendor, class: kind }];
  } catch {
    return [];
  }
}
