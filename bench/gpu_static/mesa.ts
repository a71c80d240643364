/**
 * The Mesa whose drivers compile kernels for GPUs that aren't there: 24 or newer, for RADV's machine
 * code of RDNA3. The system's own where it is so new, else Debian's backport, unpacked into `.rin`.
 *
 * @module
 */

/** RADV compiles for AMD's GPUs; lavapipe writes out the SPIR-V that it is given. */
export type Driver = "radeon" | "lvp";

/** Where a Mesa lies. */
export interface Mesa {
  /** Such as "25.0.7-2~bpo12+1". */
  readonly version: string;
  /** The folder that it was unpacked into; "" is the system's. */
  readonly root: string;
}

const NEEDED = 24;
const FOLDER = decodeURIComponent(new URL("../../.rin/mesa", import.meta.url).pathname);
const PACKAGES = ["mesa-vulkan-drivers", "libdrm2", "libdrm-amdgpu1", "libdrm-intel1"];
const DRIVERS = "mesa-vulkan-drivers";

/** The variables with which a process has one of its drivers, and no other. */
export async function environmentOf({ root }: Mesa, driver: Driver): Promise<
  Record<string, string>
> {
  const library = Array.fromAsync(Deno.readDir(`${root}/usr/lib`), ({ name }) => name);
  const triplet = (await library).find((name) => name.endsWith("-linux-gnu"));
  return {
    VK_DRIVER_FILES: (await icdOf(root, driver))!,
    MESA_SHADER_CACHE_DISABLE: "true",
    ...root !== "" && { LD_LIBRARY_PATH: `${root}/usr/lib/${triplet}` },
  };
}

/** The manifest of a driver: its name has the architecture in some versions. */
async function icdOf(root: string, driver: Driver): Promise<string | undefined> {
  const folder = `${root}/usr/share/vulkan/icd.d`;
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (name.startsWith(`${driver}_icd`)) return `${folder}/${name}`;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The Mesa that is there already, if any is. */
export async function findMesa(): Promise<Mesa | undefined> {
  const system = { version: await installedVersion(), root: "" };
  const unpacked = {
    version: await Deno.readTextFile(`${FOLDER}/version`).catch(() => ""),
    root: `${FOLDER}/root`,
  };
  for (const mesa of [system, unpacked]) {
    if (parseInt(mesa.version) >= NEEDED && await icdOf(mesa.root, "radeon")) return mesa;
  }
}

async function installedVersion(): Promise<string> {
  return await output("dpkg-query", "-W", "-f", "${Version}", DRIVERS).catch(() => "");
}

/**
 * Fetches and unpacks Debian's newer Mesa, from the mirror that apt is set up for; changes nothing of
 * the system.
 *
 * @throws {Error} that says in one sentence why Mesa can't be fetched
 */
export async function installMesa(): Promise<Mesa> {
  const codename = await codenameOfDebian();
  // What the backport needs beside itself comes with the system's own.
  if (await installedVersion() === "") {
    throw new Error(
      `RADV needs the libraries of ${DRIVERS}: run apt-get install ${DRIVERS} libvulkan1`,
    );
  }
  await Deno.remove(FOLDER, { recursive: true }).catch(() => {});
  await Deno.mkdir(`${FOLDER}/lists/partial`, { recursive: true });
  const sources = `${FOLDER}/mesa.list`;
  await Deno.writeTextFile(
    sources,
    `deb ${await mirrorOf(codename)} ${codename}-backports main\n`,
  );
  const own = [
    ...["-o", `Dir::Etc::SourceList=${sources}`, "-o", "Dir::Etc::SourceParts=/dev/null"],
    ...["-o", `Dir::State::Lists=${FOLDER}/lists`, "-o", `Dir::Cache=${FOLDER}`],
    // Everything is written into a folder of the user's own.
    ...["-o", "APT::Sandbox::User="],
  ];
  try {
    await output("apt-get", ...own, "-o", "APT::Update::Error-Mode=any", "-qq", "update");
    await output("apt-get", ...own, "-qq", "download", ...PACKAGES);
  } catch (error) {
    throw new Error(
      `apt-get can't fetch ${codename}-backports' Mesa (is this machine offline?): ` +
        `${(error as Error).message}`,
    );
  }
  for (const name of await debs()) await output("dpkg", "-x", name, "root");
  const [drivers] = (await debs()).filter((name) => name.startsWith(DRIVERS));
  const version = await output("dpkg-deb", "-f", drivers, "Version");
  for (const name of await debs()) await Deno.remove(`${FOLDER}/${name}`);
  await Deno.writeTextFile(`${FOLDER}/version`, version);
  const mesa = await findMesa();
  if (!mesa) {
    throw new Error(`Debian's backport of Mesa is ${version}: expected ${NEEDED} or newer`);
  }
  return mesa;
}

async function debs(): Promise<string[]> {
  const all = await Array.fromAsync(Deno.readDir(FOLDER), ({ name }) => name);
  return all.filter((name) => name.endsWith(".deb"));
}

async function codenameOfDebian(): Promise<string> {
  const release = await Deno.readTextFile("/etc/os-release").catch(() => "");
  const field = (name: string) => release.match(new RegExp(`^${name}="?([^"\n]*)`, "m"))?.[1];
  const codename = field("VERSION_CODENAME");
  if (field("ID") !== "debian" || !codename) {
    throw new Error(
      `Compiling for GPUs that aren't there needs Mesa ${NEEDED} or newer: this is not Debian, so ` +
        `install it yourself (this is ${field("PRETTY_NAME") ?? Deno.build.os})`,
    );
  }
  return codename;
}

/** The archive from which apt has the release itself. */
async function mirrorOf(codename: string): Promise<string> {
  const format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
  const targets = await output("apt-get", "indextargets", "--format", format).catch((error) => {
    throw new Error(`RADV comes from Debian by apt-get, which fails: ${error.message}`);
  });
  const line = targets.split("\n").find((line) => line.endsWith(` ${codename} main`));
  if (!line) throw new Error(`apt has no source for ${codename} main: run apt-get update`);
  return line.split(" ")[0];
}

/** What a command prints. */
async function output(command: string, ...args: string[]): Promise<string> {
  await Deno.mkdir(FOLDER, { recursive: true });
  let result: Deno.CommandOutput;
  try {
    result = await new Deno.Command(command, { args, cwd: FOLDER }).output();
  } catch {
    throw new Error(`${command} is not installed`);
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!result.success) throw new Error(text(result.stderr).split("\n")[0]);
  return text(result.stdout);
}
