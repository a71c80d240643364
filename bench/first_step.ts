/**
 * The time from starting a process to its first training step done.
 *
 * Run as a program, it is that process: first_step.ts CONTENDER NETWORK
 *
 * @module
 */
import { type ContenderName, CONTENDERS, isContender, type NetworkName } from "./contenders.ts";
import { milliseconds } from "./peers/timing.ts";

/** Milliseconds of a process that does one step and ends, without V8's and Mesa's caches of code. */
export async function timeFirstStep(name: ContenderName, network: NetworkName): Promise<number> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", "--no-lock", "--no-code-cache"],
      ...[import.meta.filename!, name, network],
    ],
    env: { MESA_SHADER_CACHE_DISABLE: "true" },
    stdout: "null",
    stderr: "null",
  });
  let success = false;
  const ms = await milliseconds(async () => void ({ success } = await command.output()));
  if (!success) throw new Error(`The first step of ${name} on ${network} failed`);
  return ms;
}

if (import.meta.main) {
  const [name, network] = Deno.args;
  if (!isContender(name)) throw new Error(`Unknown contender "${name}"`);
  const contender = await CONTENDERS[name](network as NetworkName);
  await contender!.step(1);
  Deno.exit(0);
}
