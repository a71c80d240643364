/**
 * The files that a command can overwrite: those it would remake, and others with `--force` only.
 *
 * @module
 */
import { mayRead } from "../../src/files/target.ts";
import { CommandError } from "../errors.ts";
import type { Option, Value } from "../options/options.ts";

/** The flag that allows it. */
export const FORCE_OPTION: Option = {
  key: "force",
  type: "boolean",
  help: "replace existing files, even those that rin did not make or made with other settings",
};

/** Origin of a file: the same command, rin with other settings, or elsewhere. */
export type Origin = "same" | "other" | "foreign";

/**
 * Refuses to write over a file that the command would not make again.
 *
 * @param force the flag's value
 * @param originOf finds the origin of the existing file
 * @param flag the flag that names the path
 * @throws {CommandError} when it is not from the same command, and `force` is not given
 */
export async function refuseOverwrite(
  path: string,
  force: Value | undefined,
  originOf: (path: string) => Origin | Promise<Origin>,
  flag = "--out",
): Promise<void> {
  if (force === true || !await hasContent(path)) return;
  const origin = await originOf(path);
  if (origin !== "same") throw overwriteError(path, origin, flag);
}

/** The error of a file that is left alone. */
export function overwriteError(path: string, origin: Origin, flag = "--out"): CommandError {
  const found = origin === "foreign"
    ? "the file there was not made by this command"
    : "rin made what is there with other settings";
  return new CommandError(
    `Cannot write ${path}: ${found}; choose another ${flag}, or replace it with --force`,
  );
}

/** The first of NAME.END, NAME-2.END, ... that is free, or that the command would make again. */
export async function freePath(
  path: string,
  originOf: (path: string) => Origin | Promise<Origin>,
): Promise<string> {
  const [stem, end] = /^(.*?)(\.[a-z]+)?$/s.exec(path)!.slice(1);
  for (let i = 1;; i++) {
    const free = i === 1 ? path : `${stem}-${i}${end ?? ""}`;
    if (!await exists(free) || await originOf(free) === "same") return free;
  }
}

/** Whether there is something to lose: not in a device, nor where Deno doesn't allow looking. */
export async function hasContent(path: string): Promise<boolean> {
  if (!await mayRead(path)) return false;
  const info = await Deno.stat(path).catch(() => undefined);
  return info?.isFile === true && info.size > 0;
}

async function exists(path: string): Promise<boolean> {
  return await mayRead(path) && await Deno.lstat(path).then(() => true, () => false);
}
