// The command line as a user runs it, with something small to train on.

import { fileURLToPath } from "node:url";
import { imagePng } from "../../src/picture/pictures.ts";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { write } from "../data/scratch.ts";
import { rgb } from "../helpers/rgb.ts";
import { CommandProcess, type Outcome } from "./command_process.ts";

export type { Outcome };

const root = fileURLToPath(new URL("../..", import.meta.url));

// `deno task test:binary` names the packed program, which the tests then start instead.
const binary = Deno.env.get("RIN_BINARY");
/** The words that start `rin`, before its arguments. */
export const RIN = binary ? [await Deno.realPath(binary)] : rinCommand(["-A"]);

const [program, ...before] = RIN;

/** The source as a command, with these permissions. */
export function rinCommand(permissions: readonly string[], main = "cli/main.ts"): string[] {
  const config = ["--config", `${root}deno.json`];
  return [Deno.execPath(), "run", ...permissions, "--no-check", ...config, root + main];
}

/** The tests may themselves run under a script that gives the command another name. */
const NAMED = { NO_COLOR: "1", RIN_COMMAND: "rin" };

/** Starts `rin` in a folder, where wanted under another program such as nohup. */
export function startRin(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; under?: string } = {},
): Deno.ChildProcess {
  const [command, ...rest] = [...options.under ? [options.under] : [], program, ...before, ...args];
  return new Deno.Command(command, {
    args: rest,
    env: { ...NAMED, ...ownCache(args, options.cwd), ...options.env },
    cwd: options.cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Prepared images go where the test's own pictures are, not into the user's cache. */
function ownCache(args: readonly string[], cwd: string | undefined): Record<string, string> {
  const own = args.includes("--data") || ["sample", "serve"].includes(args[0]);
  return cwd !== undefined && own ? { RIN_CACHE: `${cwd}/.cache` } : {};
}

/** Waits for the end of a command. */
export async function outcome(child: Deno.ChildProcess): Promise<Outcome> {
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** A process for many commands; undefined for the packed program. */
export function commandProcess(): CommandProcess | undefined {
  if (binary) return undefined;
  return new CommandProcess(rinCommand(["-A"], "tests/cli/command_loop.ts"), NAMED);
}

/** Runs the commands of one test file. */
let commands: CommandProcess | undefined;

/**
 * Runs `rin` to its end: in a process that other commands use as well, unless the command has an
 * environment of its own, or runs beside another one.
 */
export function rin(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Outcome> {
  if (!options.env && !commands?.busy) commands ??= commandProcess();
  if (options.env || !commands || commands.busy) return outcome(startRin(args, options));
  return commands.run({ args, cwd: options.cwd, env: ownCache(args, options.cwd) });
}

/** The one sentence a command failed with; everything else that it may have printed is an error. */
export function complaint({ code, stderr }: Outcome, expectedCode = 1): string {
  const lines = stderr.trimEnd().split("\n");
  const last = lines.at(-1)!;
  if (code !== expectedCode || !last.startsWith("rin: ") || /\n\s+at /.test(stderr)) {
    throw new Error(`No complaint with exit code ${expectedCode}, but ${code}: ${stderr}`);
  }
  return last;
}

/** An environment in which WebGPU finds no adapter, whatever the machine has. */
export const NO_ADAPTER = {
  DENO_WEBGPU_BACKEND: "vulkan",
  VK_DRIVER_FILES: "/nowhere.json",
  VK_ICD_FILENAMES: "/nowhere.json",
};

/** A network that trains in milliseconds. */
export const TINY = [
  ...["--image-size", "16", "--patch-size", "4", "--latent-dim", "16", "--interface-dim", "16"],
  ...["--num-latents", "4", "--num-blocks", "1", "--num-heads", "2", "--batch-size", "4"],
  ...["--sample-steps", "3", "--sample-count", "5", "--lr-schedule", "constant", "--warmup", "0"],
];

/** Writes `count` different pictures of 16x16 into a folder. */
export async function writePictures(folder: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const pixels = Float32Array.from({ length: 3 * 256 }, (_, p) => Math.sin(p * (i + 1) / 50));
    await write(`${folder}/${i}.png`, imagePng(pixels, 0, rgb(16)));
  }
}

/** The lines of a run's metrics. */
export async function metrics(folder: string): Promise<Record<string, unknown>[]> {
  const text = await Deno.readTextFile(`${folder}/metrics.jsonl`);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** The step of a run's last checkpoint. */
export async function lastStep(folder: string): Promise<number> {
  const { training } = readCheckpoint(await Deno.readFile(`${folder}/last.safetensors`));
  return training!.step as number;
}

/** Waits until something holds. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("It did not happen within 12 seconds");
}
