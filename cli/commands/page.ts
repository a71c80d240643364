/**
 * `rin page`.
 *
 * @module
 */
import { makeFolder, writeFile } from "../../src/files/write_file.ts";
import type { Dtype } from "../../src/model/safetensors.ts";
import { networkName, openCheckpoint } from "../../src/run/checkpoint_file.ts";
import { CHECKPOINT, describeModel } from "../../src/service/model.ts";
import type { Command } from "../command.ts";
import { samplingCheckpoint } from "../files/sampling_checkpoint.ts";
import { FORCE_OPTION } from "../files/overwrite.ts";
import { refusePage } from "../page/refuse_page.ts";
import {
  CHECKPOINT_OPTION,
  CONFIG_OPTION,
  givenCheckpoint,
  givenConfig,
} from "../options/checkpoint_options.ts";
import { CommandError } from "../errors.ts";
import type { Given, Option } from "../options/options.ts";
import { pageAssets } from "../page/assets.ts";
import { print } from "../terminal/terminal.ts";

const options: Option[] = [
  CHECKPOINT_OPTION,
  { key: "out", type: "text", value: "DIR", help: "the folder to write", default: "site" },
  {
    key: "dtype",
    type: ["f32", "f16"],
    help: "numbers of its checkpoint: f32 draws what rin sample draws, f16 has half the size",
    default: "f32",
  },
  CONFIG_OPTION,
  FORCE_OPTION,
];

/** Writes the page that samples in its visitors' browsers. */
export const page: Command = {
  usage: "rin page CHECKPOINT [options]",
  summary: "write a web page that samples in the browser",
  about: "Writes a folder of static files, for any web server, with a page that samples in its " +
    "visitors' browsers: on the GPU through WebGPU, else on the CPU. Its checkpoint is for " +
    "sampling only.",
  groups: [{ title: "Options", options }],
  examples: ["rin page --checkpoint runs/faces --out site"],
  run: runPage,
};

async function runPage(given: Given): Promise<number> {
  const { flags } = given;
  const checkpoint = givenCheckpoint(given);
  const config = await givenConfig(flags.config);
  const file = await openCheckpoint(checkpoint, config);
  if (file.checkpoint.config.contextFrames > 0) {
    throw new CommandError(
      `Cannot make a page of ${file.path}: it draws how a clip continues, and a page takes no clips; ` +
        `use rin sample --context, or rin serve`,
    );
  }
  const bytes = await samplingCheckpoint(file, (flags.dtype ?? "f32") as Dtype);
  const model = await describeModel(networkName(file.path), bytes, false);
  const out = String(flags.out ?? "site").replace(/(?<=.)[/\\]+$/, "");
  const assets = await pageAssets();
  const nameOf = (path: string) => path === "/" ? "index.html" : path.slice(1);
  const names = [CHECKPOINT, ...[...assets.keys()].map(nameOf), "model.json"];
  await refusePage(out, flags.force, names, model.name);
  await makeFolder(out);
  await writeFile(`${out}/${CHECKPOINT}`, bytes);
  for (const [path, { body }] of assets) {
    await writeFile(`${out}/${nameOf(path)}`, body);
  }
  // The last, so that no page tells of a checkpoint that isn't there yet.
  await writeFile(`${out}/model.json`, JSON.stringify(model));
  const mb = (bytes.length / 1e6).toFixed(2);
  print(`Wrote ${out}: a page and its checkpoint of ${mb} MB, for any web server over https`);
  return 0;
}
