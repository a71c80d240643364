/**
 * `rin merge`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { UsageError } from "../errors.ts";
import { FORCE_OPTION } from "../files/overwrite.ts";
import type { Given, Option } from "../options/options.ts";
import { numberWithin } from "../options/sampler_options.ts";
import { mergeFolders } from "../shards/merge_folders.ts";
import { mergeNpz } from "../shards/merge_npz.ts";
import { mergeTars } from "../shards/merge_tars.ts";
import { print } from "../terminal/terminal.ts";

const options: Option[] = [
  {
    key: "out",
    type: "text",
    value: "PATH",
    help:
      "where the whole goes: a folder, or a .npz or .tar file, like the shares (default: only " +
      "check them)",
  },
  {
    key: "count",
    type: "integer",
    help: "images that there should be (default: as archives record it; up to the last one found)",
  },
  FORCE_OPTION,
];

/** Puts shares together. */
export const merge: Command = {
  usage: "rin merge SHARE [SHARE ...] [options]",
  summary: "put the shares of rin sample or rin eval together",
  about:
    "Checks that shares made with --shard have one cut and the same settings, and that no image is " +
    "missing or there twice; with --out it writes what one process would have written. Shares are " +
    "folders of numbered pictures, .npz files, or .tar files.",
  groups: [{ title: "Options", options }],
  examples: [
    "rin merge images/ --count 50000",
    "rin merge shares/*.npz --out images.npz",
    "rin merge machine-a/ machine-b/ --out images/",
  ],
  run: runMerge,
};

const KINDS = { ".npz": mergeNpz, ".tar": mergeTars, "folder": mergeFolders };

async function runMerge({ flags, rest }: Given): Promise<number> {
  if (rest.length === 0) {
    throw new UsageError("Which shares? Give folders, .npz files or .tar files");
  }
  const paths = rest.map((path) => path.replace(/(?<=.)[/\\]+$/, ""));
  const out = flags.out === undefined ? undefined : String(flags.out);
  const given = out === undefined ? paths : [...paths, out];
  const kind = kindOf(given[0]);
  const other = given.find((path) => kindOf(path) !== kind);
  if (other !== undefined) {
    throw new UsageError(
      `${
        given[0]
      } and ${other} are of different kinds: shares and --out must all be folders, all ` +
        `.npz or all .tar`,
    );
  }
  const count = flags.count === undefined
    ? undefined
    : numberWithin(flags, "count", 1, 1_000_000_000);
  const total = await KINDS[kind]({ paths, out, count, force: flags.force === true });
  const done = out === undefined ? "All there" : `Wrote ${out}`;
  print(`${done}: ${total} images, 0 to ${total - 1}, none missing, none twice`);
  return 0;
}

function kindOf(path: string): keyof typeof KINDS {
  const end = /\.(npz|tar)$/i.exec(path)?.[0].toLowerCase();
  return (end ?? "folder") as keyof typeof KINDS;
}
