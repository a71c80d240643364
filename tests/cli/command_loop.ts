// Runs commands of rin one after the other in one process: a line on stdin is one of them, and its
// outputs end with a zero byte and its exit code.

import { runCommand } from "../../cli/main.ts";
import type { LoopCommand } from "./command_process.ts";

const home = Deno.cwd();
let text = "";
for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  text += part;
  if (!text.endsWith("\n")) continue;
  const { args, cwd, env }: LoopCommand = JSON.parse(text);
  text = "";
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  Deno.chdir(cwd ?? home);
  const code = await runCommand(args);
  Deno.chdir(home);
  for (const name of Object.keys(env)) Deno.env.delete(name);
  const end = new TextEncoder().encode(`\0${code}\n`);
  for (const stream of [Deno.stdout, Deno.stderr]) stream.writeSync(end);
}
// Whatever a command has left running.
Deno.exit();
