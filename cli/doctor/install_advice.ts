/**
 * What to install on this system where there is no adapter.
 *
 * @module
 */

/** Sentences for this machine, the most useful one first. */
export async function installAdvice(): Promise<string[]> {
  return adviceFor(Deno.build.os, await Deno.readTextFile("/etc/os-release").catch(() => ""));
}

/**
 * @param os as `Deno.build.os` says
 * @param release the text of /etc/os-release
 */
export function adviceFor(os: string, release: string): string[] {
  if (os === "darwin") {
    return ["macOS has Metal built in: update macOS, and run outside a sandbox."];
  }
  if (os === "windows") return ["Update the graphics driver (Direct3D 12 is needed)."];
  const words = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, ids]) =>
    ids.split(" ")
  );
  const command = packages.find(({ families }) => families.some((id) => words.includes(id)))
    ?.command ?? "this system's packages for the Vulkan loader and Mesa's Vulkan drivers";
  return [
    `Install: ${command}`,
    "That also brings a software adapter, which needs no GPU.",
    "For an NVIDIA GPU install NVIDIA's own driver, which brings Vulkan.",
    "In a container, pass the GPU through (for NVIDIA: --gpus all, with the graphics capability).",
  ];
}

const packages = [
  {
    families: ["debian", "ubuntu"],
    command: "sudo apt-get install libvulkan1 mesa-vulkan-drivers",
  },
  {
    families: ["fedora", "rhel", "centos"],
    command: "sudo dnf install vulkan-loader mesa-vulkan-drivers",
  },
  { families: ["arch"], command: "sudo pacman -S vulkan-icd-loader vulkan-swrast mesa" },
  {
    families: ["opensuse", "suse"],
    command: "sudo zypper install libvulkan1 libvulkan_lvp Mesa-vulkan-device-select",
  },
  { families: ["alpine"], command: "sudo apk add vulkan-loader mesa-vulkan-swrast" },
] as const;
