/**
 * The command line: `rin COMMAND [options]`.
 *
 * @module
 */
import { programName } from "./command.ts";
import { rankOf } from "./cluster/join.ts";
import { COMMANDS as commands } from "./commands.ts";
import { variable } from "./environment.ts";
import { explain, UsageError } from "./errors.ts";
import { commandHelp } from "./help.ts";
import { suggestion } from "../src/options/nearest.ts";
import { readArguments } from "./options/options.ts";
import { print, printError } from "./terminal/terminal.ts";
import { versionLine } from "./version.ts";

const overview = `Usage: rin COMMAND [options]

Trains and samples Recurrent Interface Networks on a GPU through WebGPU, or on the CPU.

${
  Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(13)}${summary}`).join("\n")
}

rin COMMAND --help lists a command's options; rin --version says which version this is.
RIN_DEBUG=1 in the environment shows where in the program an error arose.
`;

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || ["help", "--help", "-h"].includes(name)) {
    if (rest.length > 0 && Object.hasOwn(commands, rest[0])) return await main([rest[0], "--help"]);
    print(overview.trimEnd());
    return 0;
  }
  if (["version", "--version", "-V"].includes(name)) {
    print(await versionLine());
    return 0;
  }
  if (!Object.hasOwn(commands, name)) {
    const known = Object.keys(commands);
    throw new UsageError(
      `Unknown command "${name}"${suggestion(name, known) || `: known are ${known.join(", ")}`}`,
    );
  }
  const { usage, about, groups, examples, run } = commands[name];
  if (rest.includes("--help") || rest.includes("-h")) {
    print(commandHelp(asCalled(usage), about, groups, examples.map(asCalled)).trimEnd());
    return 0;
  }
  const given = readArguments(rest, groups.flatMap(({ options }) => options));
  if (given.flags.quiet !== true) given.drawn.forEach(printError);
  return await run(given);
}

/** A command line with the program's name as it was called by, so that it can be pasted. */
function asCalled(line: string): string {
  return line.replace(/^rin(?= )/, programName());
}

/** Milliseconds that processes of mpirun leave to rank 0, which mostly has the same to say. */
const AFTER_RANK_0 = 2000;

/** Prints the one sentence that an error deserves; returns the exit code. */
async function fail(thrown: unknown): Promise<number> {
  const { sentence, code } = explain(thrown);
  const rank = rankOf();
  if (rank > 0) await new Promise((resolve) => setTimeout(resolve, AFTER_RANK_0));
  const debug = variable("RIN_DEBUG") === "1" && thrown instanceof Error;
  const who = rank > 0 ? `process ${rank}: ` : "";
  printError(`rin: ${who}${debug ? thrown.stack : sentence}`);
  return code;
}

/** Runs a command to its end, with a sentence for an error; returns the exit code. */
export function runCommand(args: readonly string[]): Promise<number> {
  return main(args).catch(fail);
}

// Packed as one module, it also starts the decoding workers, and is main there as well.
if (import.meta.main && !("WorkerGlobalScope" in globalThis)) {
  // A device fault that nothing awaits would end in a stack trace.
  globalThis.addEventListener("unhandledrejection", async (event) => {
    event.preventDefault();
    Deno.exit(await fail(event.reason));
  });
  Deno.exit(await runCommand(Deno.args));
}
