// A run of a tiny network inside the test's own process.

import { readArguments } from "../../cli/options/options.ts";
import { completeFields, type Fields } from "../../cli/options/resolve.ts";
import { FIELDS } from "../../cli/options/fields.ts";
import type { ImageSet, Splits } from "../../src/data/dataset.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import type { RunEvent } from "../../src/run/events.ts";
import type { OpenedRun } from "../../src/run/open_run.ts";
import { RunFolder } from "../../src/run/run_folder.ts";
import type { Settings } from "../../src/run/settings.ts";
import { metrics, TINY } from "../cli/rin.ts";

/** The settings of a run with the network of {@linkcode TINY}. */
export function tinySettings(changes: Fields): Settings {
  const options = [...FIELDS.network, ...FIELDS.training, ...FIELDS.run];
  return completeFields({ ...readArguments(TINY, options).flags, ...changes });
}

/** A new run in a folder; to be closed. */
export async function openTiny(path: string, changes: Fields): Promise<OpenedRun> {
  const folder = await RunFolder.create(path);
  return { preset: "faces", settings: tinySettings(changes), folder, checkData: () => undefined };
}

/** Seven pictures of 16x16. */
export function tinySplits(): Splits {
  const pixels = Uint8Array.from({ length: 7 * 3 * 256 }, (_, i) => 128 + 127 * Math.sin(i / 41));
  const set: ImageSet = {
    name: "tiny",
    imageSize: 16,
    count: 7,
    read: (indices) =>
      new Blob(Array.from(indices, (i) => pixels.slice(i * 768, (i + 1) * 768))).bytes(),
  };
  return { train: set, valid: set, skipped: [], path: "", close: () => {} };
}

type ProgressEvent = Extract<RunEvent, { type: "progress" }>;

/** Keeps the warnings of a run, and tells of each progress. */
export class Listener {
  /** Messages of files that could not be written, and of lost devices. */
  readonly warnings: string[] = [];

  constructor(readonly onProgress: (done: number, event: ProgressEvent) => void) {}

  readonly emit = (event: RunEvent): void => {
    if (event.type === "progress") this.onProgress(event.step, event);
    if (event.type === "saveFailed" || event.type === "deviceLost") {
      this.warnings.push(event.error.message);
    }
  };
}

/** What must be the same in each run of the same settings: all but the time it took. */
export async function traces(folder: string): Promise<Record<string, unknown>> {
  const lines = await metrics(folder);
  const found: Record<string, unknown> = {
    metrics: lines.map(({ imagesPerSecond: _i, dataWait: _d, ...line }) => JSON.stringify(line)),
  };
  for (const place of ["", "samples/", "checkpoints/"]) {
    for await (const { name } of readDirIfThere(`${folder}/${place}`)) {
      const bytes = () => Deno.readFile(`${folder}/${place}${name}`);
      if (name.endsWith(".png")) found[place + name] = await digest(await bytes());
      if (name.endsWith(".safetensors")) {
        const { metadata, tensors } = readSafetensors(await bytes());
        const all = await Array.fromAsync(tensors, async ([name, { shape, data }]) => {
          return `${name} ${shape} ${await digest(data)}`;
        });
        found[place + name] = { training: metadata.training, tensors: all };
      }
      if (name.endsWith(".tmp")) found[place + name] = "left behind";
    }
  }
  return found;
}

async function* readDirIfThere(path: string): AsyncGenerator<Deno.DirEntry> {
  try {
    yield* Deno.readDir(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

async function digest(data: BufferSource): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data)).toHex();
}
