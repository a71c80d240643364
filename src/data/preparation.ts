/**
 * Writes a prepared data set. An interruption at any moment is safe: the next call resumes.
 *
 * Next to the final file, `FILE.part` holds the pixels so far and `FILE.part.log` a line for each
 * chunk that is safely in it. A resumed preparation rewrites the bytes of `FILE.part` beyond the
 * last line.
 * @module
 */
import { place, writeAll } from "../files/place.ts";
import { type Target, targetOf } from "../files/target.ts";
import type { Channels } from "../model/config.ts";
import { pictureSize } from "../model/example.ts";
import type { ImageSize } from "../model/image_size.ts";
import { DataError, reasonOf } from "./errors.ts";
import type { Skipped } from "./image_set.ts";
import type { Resize } from "./resize.ts";
import {
  CHUNK,
  CLIPS_MAGIC,
  concat,
  encodeEnd,
  type Footer,
  MAGIC,
  sha256,
} from "./prepared_format.ts";

/** The journal's first line: it belongs to these files at this size. */
interface Identity {
  readonly fingerprint: string;
  readonly imageSize: ImageSize;
  /** Absent where they are 3. */
  readonly channels?: Channels;
  /** Absent where it is bilinear. */
  readonly resize?: Resize;
  /** Absent of images. */
  readonly clips?: true;
}

/** The journal's entry for a chunk. */
interface Entry {
  /** Files done with, this chunk's included. */
  readonly done: number;
  /** SHA-256 of the chunk, in hexadecimal. */
  readonly hash: string;
  /** Frames of each of its clips; absent of images. */
  readonly lengths?: readonly number[];
  /** Files left out since the last chunk. */
  readonly skipped: readonly Skipped[];
}

/** A prepared data set that is being written. */
export class Preparation {
  /** Images or clips of the chunk that isn't written yet. */
  #chunk: Uint8Array[] = [];
  #skipped: Skipped[] = [];

  private constructor(
    readonly target: Target,
    readonly stride: number,
    readonly entries: Entry[],
    readonly pixels: Deno.FsFile,
    readonly journal: Deno.FsFile,
    readonly clips: boolean,
  ) {}

  /**
   * Begins to write a file, or resumes the same file of a process that ended. Waits while another
   * process does.
   *
   * @returns undefined where another process has finished the file in the meantime
   * @throws {DataError} when the file can't be made there
   */
  static async begin(path: string, identity: Identity): Promise<Preparation | undefined> {
    return await told(path, async () => {
      const folder = path.replace(/[^/\\]*$/, "");
      if (folder !== "") await Deno.mkdir(folder, { recursive: true });
      const target = await targetOf(path);
      const part = `${target.path}.part`;
      const options = { read: true, write: true, create: true };
      const journal = await Deno.open(`${part}.log`, options);
      await journal.lock(true);
      if (!await exists(`${part}.log`)) {
        journal.close();
        return undefined;
      }
      const pixels = await Deno.open(part, options);
      const stride = pictureSize({ channels: 3, ...identity });
      const first = JSON.stringify(identity);
      const entries = readEntries(await Deno.readTextFile(`${part}.log`), first);
      const length = MAGIC.length +
        entries.reduce((sum, entry) => sum + framesOf(entry), 0) * stride;
      if (entries.length === 0 || (await pixels.stat()).size < length) {
        entries.length = 0;
        await pixels.truncate(0);
        await writeAll(pixels, identity.clips ? CLIPS_MAGIC : MAGIC);
      } else {
        await pixels.truncate(length);
        await pixels.seek(length, Deno.SeekMode.Start);
      }
      // Written anew, since its last line can be half a line.
      await journal.truncate(0);
      const lines = [first, ...entries.map((entry) => JSON.stringify(entry))];
      await writeAll(journal, new TextEncoder().encode(lines.join("\n") + "\n"));
      return new Preparation(target, stride, entries, pixels, journal, identity.clips === true);
    });
  }

  /** Files that need not be done again: the first ones of the list. */
  get done(): number {
    return this.entries.at(-1)?.done ?? 0;
  }

  /** Adds the next file's image, (C, H, W), or clip, (F, C, H, W). */
  async add(pixels: Uint8Array, done: number): Promise<void> {
    this.#chunk.push(pixels);
    if (this.#frames >= CHUNK) await this.#flush(done);
  }

  /** Frames of the chunk that isn't written yet. */
  get #frames(): number {
    return this.#chunk.reduce((sum, { length }) => sum + length, 0) / this.stride;
  }

  /** Leaves the next file out. */
  skip(skipped: Skipped): void {
    this.#skipped.push(skipped);
  }

  /** All files left out. */
  get skipped(): Skipped[] {
    return [...this.entries.flatMap(({ skipped }) => skipped), ...this.#skipped];
  }

  /** Writes the rest and puts the file into its place. */
  async finish(footer: Omit<Footer, "hashes" | "lengths">): Promise<void> {
    if (this.#chunk.length > 0) await this.#flush(this.done);
    await told(this.target.path, async () => {
      const hashes = concat(this.entries.map(({ hash }) => fromHex(hash)));
      const lengths = this.clips
        ? Uint32Array.from(this.entries.flatMap(({ lengths = [] }) => lengths))
        : undefined;
      await writeAll(this.pixels, await encodeEnd({ ...footer, lengths, hashes }));
      await this.pixels.sync();
      this.pixels.close();
      await place(this.#part, this.target);
      // Its absence tells processes waiting for the lock that nothing is left to do.
      await Deno.remove(`${this.#part}.log`);
      this.journal.close();
    });
  }

  /** Gives up, and keeps finished chunks for a later call; keeps nothing where there are none. */
  async close(): Promise<void> {
    this.pixels.close();
    if (this.entries.length === 0) {
      for (const path of [this.#part, `${this.#part}.log`]) await Deno.remove(path).catch(() => {});
    }
    this.journal.close();
  }

  get #part(): string {
    return `${this.target.path}.part`;
  }

  async #flush(done: number): Promise<void> {
    await told(this.target.path, async () => {
      const chunk = concat(this.#chunk);
      await writeAll(this.pixels, chunk);
      // The journal must not run ahead of the disk.
      await this.pixels.syncData();
      const hash = toHex(await sha256(chunk));
      const lengths = this.#chunk.map(({ length }) => length / this.stride);
      const entry = { done, hash, ...this.clips && { lengths }, skipped: this.#skipped };
      await writeAll(this.journal, new TextEncoder().encode(JSON.stringify(entry) + "\n"));
      this.entries.push(entry);
      this.#chunk = [];
      this.#skipped = [];
    });
  }
}

/** The journal's whole lines; none where it is of other files. */
function readEntries(text: string, first: string): Entry[] {
  const lines = text.split("\n");
  // The text after the last line break is half a line, or nothing.
  lines.pop();
  const entries: Entry[] = lines[0] === first ? lines.slice(1).map((line) => JSON.parse(line)) : [];
  // The rest that is written at the end has no files of its own, and is made again.
  return entries.filter(({ done }, i) => done > (entries[i - 1]?.done ?? 0));
}

/** Frames of a chunk that is full. */
function framesOf({ lengths }: Entry): number {
  return lengths?.reduce((sum, length) => sum + length, 0) ?? CHUNK;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Turns a system error into a sentence. */
async function told<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw new DataError(
      `Cannot write prepared images to ${path}: ${reasonOf(thrown)}; free some space, or choose ` +
        `another place with RIN_CACHE or --out`,
    );
  }
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g)!, (pair) => parseInt(pair, 16));
}
