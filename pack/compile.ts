/**
 * Makes `rin` one executable file that needs nothing installed.
 *
 *     deno task compile [--out FILE]                    for this platform: dist/rin
 *     deno task compile --target T | --all [--out DIR]  for others: dist/rin-T
 *
 * `deno compile` does it where `denort`, the Deno without its tools, can be had (it is fetched
 * once). Where it can't, and for this platform alone, the file is a self-extracting one.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { deno } from "./deno.ts";
import { writeProgram } from "./program.ts";
import { selfExtracting } from "./self_extracting.ts";

/** The platforms that `deno compile` knows. */
const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];

async function make(target: string, program: string, out: string): Promise<void> {
  await expectProgram(out);
  // Neither is a file overwritten that another way of compiling made, nor one that runs.
  await Deno.remove(out).catch(() => {});
  const failure = await deno(
    ...["compile", "-A", "--unstable-no-legacy-abort", "--target", target, "--output", out],
    program,
  );
  if (failure === undefined) return await report(out, `deno compile, for ${target}`);
  if (!/denort|base binary/i.test(failure)) throw new Error(`Cannot make ${out}: ${failure}`);
  if (target !== Deno.build.target || Deno.build.os === "windows") {
    throw new Error(
      `Cannot make ${out}: denort for ${target} can't be fetched, is the network reachable? ` +
        "Only on Linux and macOS, for that platform itself, pack/ can do without it.",
    );
  }
  const bytes = await selfExtracting({
    stub: await Deno.readTextFile(`${import.meta.dirname}/stub.sh`),
    runtime: await Deno.readFile(Deno.execPath()),
    program: await Deno.readFile(program),
    target,
  });
  await Deno.writeFile(out, bytes, { mode: 0o755 });
  await report(out, "self-extracting, because denort can't be fetched");
}

/** @throws {Error} when something is there that is no earlier program */
async function expectProgram(out: string): Promise<void> {
  const info = await Deno.lstat(out).catch(() => undefined);
  if (info === undefined || info.isSymlink) return;
  if (info.isFile && (info.mode === null || (info.mode & 0o111) !== 0)) return;
  throw new Error(`Cannot make ${out}: the file there is not a program; choose another --out`);
}

async function report(out: string, how: string): Promise<void> {
  const { size } = await Deno.stat(out);
  console.log(`${out}: ${(size / 1e6).toFixed(1)} MB (${how})`);
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    string: ["target", "out"],
    boolean: ["all"],
    unknown: (arg) => {
      throw new Error(`Unknown argument ${arg}: known are --target, --all and --out`);
    },
  });
  const { target, all } = args;
  if (target !== undefined && !TARGETS.includes(target)) {
    throw new Error(`There is no target ${target}: known are ${TARGETS.join(", ")}`);
  }
  const absolute = (path: string) => `${/^([/\\]|\w:)/.test(path) ? "" : `${Deno.cwd()}/`}${path}`;
  const exe = (name: string) => (/windows/.test(name) ? ".exe" : "");
  const targets = all ? TARGETS : [target ?? Deno.build.target];
  const out = absolute(args.out ?? (all || target ? "dist" : `dist/rin${exe(Deno.build.target)}`));
  const temporary = await Deno.makeTempDir();
  try {
    await writeProgram(`${temporary}/rin.js`);
    const failures: Error[] = [];
    for (const name of targets) {
      const path = all || target ? `${out}/rin-${name}${exe(name)}` : out;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await make(name, `${temporary}/rin.js`, path).catch((thrown) => failures.push(thrown));
    }
    if (failures.length > 0) throw new Error(failures.map(({ message }) => message).join("\n"));
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

await main().catch((thrown: Error) => {
  console.error(thrown.message);
  Deno.exit(1);
});
