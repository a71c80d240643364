/**
 * Outputs of images, or clips: a grid, a filmstrip, an animation, a folder or an archive.
 *
 * @module
 */
import { pixelsOf } from "../../src/model/example.ts";
import { folderOf, makeFolder, writeFile } from "../../src/files/write_file.ts";
import { labelledGridPng } from "../../src/picture/labelled_grid.ts";
import { gridPng, imagePng } from "../../src/picture/pictures.ts";
import { recordOfOne, recordText } from "../../src/picture/record.ts";
import { UsageError } from "../errors.ts";
import { NpzWriter } from "../files/npz_writer.ts";
import { hasContent, overwriteError, refuseOverwrite } from "../files/overwrite.ts";
import { npzNote } from "../shards/npz_note.ts";
import { eachOf, kindOf } from "./each.ts";
import { writeFilm } from "./film.ts";
import { optionsFor, type SampleJob, wanted } from "./job.ts";
import { expectNoData, npzOrigin, numberedOrigin, pictureOrigin, tarOrigin } from "./origins.ts";
import { writeTar } from "./tar.ts";

/** Makes the images, writes them, and returns a note on the output. */
export async function writeSamples(job: SampleJob): Promise<string> {
  const { rin: { config }, out, frames } = job;
  if (config.frames > 1 && frames) {
    throw new UsageError(
      `--frames is only for networks of images: this one draws clips and shows all of their ` +
        `${config.frames} frames; leave it out`,
    );
  }
  if (/\.(jpe?g|webp|bmp|tiff?|avif|npy|zip|t?gz|mp4|webm)$/i.test(out)) {
    throw new UsageError(
      `Cannot write ${out}: --out is a .png, .apng, .gif, .npz or .tar file, or a folder of PNGs`,
    );
  }
  const [still, one] = [/\.png$/i, /\.(a?png|gif)$/i].map((pattern) => pattern.test(out));
  if (one && job.shard) {
    throw new UsageError(
      `Cannot write a share of the images to the one picture ${out}: give a folder, a .npz or a ` +
        `.tar file as --out, or leave out --shard`,
    );
  }
  if (one) checkGrid(job);
  await makeFolder(one || /\.(npz|tar)$/i.test(out) ? folderOf(out) : out);
  if (one) {
    await refuseOverwrite(out, job.force, (path) => pictureOrigin(path, job.record));
    return still && config.frames === 1 && !frames ? await writeGrid(job) : await writeFilm(job);
  }
  if (frames) throw new UsageError("--frames needs an --out that ends in .png, .apng or .gif");
  if (/\.npz$/i.test(out)) return await writeNpz(job);
  if (!/\.tar$/i.test(out)) return await writeFolder(job);
  await refuseOverwrite(out, job.force, () => tarOrigin(job));
  return await isDone(job) ? "nothing new" : await writeTar(job);
}

/** Images, and pixels, of one picture at most: more are no use to see, and fill the memory. */
const GRID = { images: 4096, pixels: 100e6 };

/** @throws {UsageError} when the images are too many for one picture */
function checkGrid({ rin: { config }, options: { count }, frames = 1, out }: SampleJob): void {
  const shown = config.frames > 1 ? config.frames : frames;
  const most = Math.min(
    GRID.images,
    Math.floor(GRID.pixels / (pixelsOf(config) * shown)),
  );
  if (count <= Math.max(1, most)) return;
  throw new UsageError(
    `Cannot draw ${count} ${
      kindOf(config).what
    } into the one picture ${out}: at most ${most} fit; ` +
      `give a folder, a .npz or a .tar file as --out`,
  );
}

/** Whether a share's archive, which must be of the same command, is there already. */
async function isDone({ shard, force, out }: SampleJob): Promise<boolean> {
  return shard !== undefined && !force && await hasContent(out);
}

async function writeGrid(job: SampleJob): Promise<string> {
  const { rin, record, caption, out } = job;
  const all = wanted(job);
  const images = await rin.sample(optionsFor(job, all));
  const text = recordText(record, rin.device.provenance);
  if (all.length === 1) {
    await writeFile(out, imagePng(images, 0, rin.config, text));
    return "an image";
  }
  const words = caption && all.map((index) => caption.words[index]);
  await writeFile(
    out,
    words
      ? labelledGridPng(images, rin.config, words, { columns: caption.columns, text })
      : gridPng(images, rin.config, { text }),
  );
  return `a grid of ${all.length} images`;
}

/**
 * Writes numbered PNG or APNG files; keeps whole ones of the same settings.
 *
 * @throws {CommandError} when there are others, without `force`
 */
async function writeFolder(job: SampleJob): Promise<string> {
  const { rin, record, out, force, note } = job;
  const { what, end, file } = kindOf(rin.config);
  const folder = out.replace(/(?<=.)[/\\]+$/, "");
  const recordOf = (index: number) => recordOfOne(record, index, job.labels?.[index]);
  const pathOf = (index: number) => `${folder}/${String(index).padStart(6, "0")}${end}`;
  if (!force) await expectNoData(folder);
  const indices: number[] = [];
  const all = wanted(job);
  const cut = new Set<number>();
  for (const i of all) {
    const origin = await numberedOrigin(pathOf(i), recordOf(i));
    if (origin === "same") continue;
    if (origin === "cut") cut.add(i);
    else if (origin !== "none" && !force) throw overwriteError(pathOf(i), origin);
    indices.push(i);
  }
  const there = all.length - indices.length;
  if (there > 0) note(`${there} of ${all.length} ${what} are there already`);
  if (indices.length === 0) return "nothing new";
  for await (const { index, example } of eachOf(job, indices)) {
    const text = recordText(recordOf(index), rin.device.provenance);
    const bytes = file(example, text);
    if (cut.has(index) && !force) await expectBeginning(pathOf(index), bytes);
    await writeFile(pathOf(index), bytes);
  }
  return `${indices.length} ${what}`;
}

/** A stop leaves the beginning of the picture that would have been there; all else isn't ours. */
async function expectBeginning(path: string, whole: Uint8Array): Promise<void> {
  const begun = await Deno.readFile(path);
  if (begun.some((byte, i) => byte !== whole[i])) throw overwriteError(path, "foreign");
}

async function writeNpz(job: SampleJob): Promise<string> {
  const { rin, labels, record, shard, out, force, note } = job;
  const { what, shape, bytes } = kindOf(rin.config);
  const all = wanted(job);
  const settings = npzNote(record, shard);
  await refuseOverwrite(out, force, (path) => npzOrigin(path, settings));
  if (await isDone(job)) return "nothing new";
  const writer = await NpzWriter.open(out, all.length, shape, settings, force);
  if (writer.done > 0) {
    note(`Continuing after ${writer.done} of ${all.length} ${what} in ${out}.partial`);
  }
  const indices = all.slice(writer.done);
  try {
    if (indices.length > 0) {
      for await (const { example } of eachOf(job, indices)) await writer.add(bytes(example));
    }
  } catch (thrown) {
    writer.close();
    throw thrown;
  }
  await writer.finish(labels && all.map((index) => labels[index]));
  return `${all.length} ${what}`;
}
