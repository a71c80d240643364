/**
 * What a benchmark ran on.
 *
 * @module
 */
import type { Results } from "./results.ts";

/** The first line that a command prints; undefined where it fails. */
async function lineOf(command: string, ...args: string[]): Promise<string | undefined> {
  const cwd = new URL("../", import.meta.url);
  const output = await new Deno.Command(command, { args, cwd, stderr: "null" }).output()
    .catch(() => undefined);
  if (output?.success) return new TextDecoder().decode(output.stdout).split("\n")[0].trim();
}

/**
 * The CPU's name from Linux's `/proc/cpuinfo`, with family and model, since hypervisors shorten the
 * name to "AMD EPYC"; undefined where it says nothing.
 */
export function cpuOf(cpuinfo: string): string | undefined {
  const field = (name: string) =>
    cpuinfo.match(new RegExp(`^${name}\\s*:\\s*(.+)$`, "m"))?.[1].trim();
  const [name, family, model] = ["model name", "cpu family", "model"].map(field);
  if (name === undefined) return;
  return family && model ? `${name} (family ${family}, model ${model})` : name;
}

/** The CPU, its cores and the system. */
export async function thisMachine(): Promise<Results["machine"]> {
  const cpu = cpuOf(await Deno.readTextFile("/proc/cpuinfo").catch(() => "")) ??
    await lineOf("sysctl", "-n", "machdep.cpu.brand_string") ??
    Deno.env.get("PROCESSOR_IDENTIFIER") ?? "unknown CPU";
  return {
    cpu,
    cores: navigator.hardwareConcurrency,
    system: `${Deno.build.os} ${Deno.build.arch}`,
  };
}

/** The project's commit, with "+" where tracked files differ from it. */
export async function thisCommit(): Promise<string> {
  const hash = await lineOf("git", "rev-parse", "--short=7", "HEAD") ?? "unknown";
  return await lineOf("git", "status", "--porcelain", "--untracked-files=no") ? `${hash}+` : hash;
}
