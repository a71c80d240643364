/**
 * Prepared data sets: images or clips in a file, read in ranges; only the list of labels and splits
 * stays in memory.
 * @module
 */
import { pictureSize } from "../model/example.ts";
import { DataError, reasonOf } from "./errors.ts";
import type { ImageSet } from "./image_set.ts";
import type { Labels } from "./labels.ts";
import {
  chunkEnds,
  CLIPS_MAGIC,
  damaged,
  decodeFooter,
  type Footer,
  MAGIC,
  parseJson,
  pictureOf,
  sha256,
  TRAILER,
} from "./prepared_format.ts";
import { RangedFile } from "./ranged_file.ts";

/** Size limit of a footer: names of 40 million images. */
const MAX_FOOTER = 2 ** 31;

/** The part to read of each clip. */
export interface Windows {
  /** T, frames. */
  readonly frames: number;
  /** From one of them to the next, in frames of the clip. */
  readonly stride: number;
}

/** Frames of a clip from the first to the last of a window. */
export function spanOf({ frames, stride }: Windows): number {
  return (frames - 1) * stride + 1;
}

/** A prepared data set that is open. */
export class PreparedFile {
  /** (count + 1), the frame of the file that each clip begins with; absent of images. */
  readonly #begins?: Float64Array;
  /** (chunks), the image or clip that each chunk ends before. */
  readonly #ends: Uint32Array;
  /** Chunks compared, or being compared, with their hashes. */
  readonly #compared = new Map<number, Promise<void>>();
  private constructor(
    readonly path: string,
    readonly footer: Omit<Footer, "names">,
    /** Position of the names in the file, and their length. */
    readonly namesAt: readonly [position: number, length: number],
    readonly file: RangedFile,
  ) {
    if (footer.lengths) this.#begins = beginnings(footer.lengths);
    this.#ends = Uint32Array.from(chunkEnds(footer.facts.count, footer.lengths));
  }

  /**
   * Opens a file, checks the hash of its footer and that its length is right.
   *
   * @throws {DataError} when it can't be read, isn't a prepared data set or is damaged
   */
  static async open(path: string): Promise<PreparedFile> {
    let file: RangedFile;
    try {
      file = await RangedFile.open(path);
    } catch (thrown) {
      throw new DataError(`Cannot open ${path}: ${reasonOf(thrown)}`);
    }
    try {
      return await readEnd(file);
    } catch (thrown) {
      file.close();
      throw thrown;
    }

    async function readEnd(file: RangedFile): Promise<PreparedFile> {
      const end = file.length - TRAILER;
      if (end < MAGIC.length) throw damaged(path);
      const trailer = await file.read(end, new Uint8Array(TRAILER));
      const length = Number(new DataView(trailer.buffer).getBigUint64(0, true));
      const clips = equal(trailer.subarray(40), CLIPS_MAGIC);
      if (!clips && !equal(trailer.subarray(40), MAGIC)) {
        throw new DataError(
          `Cannot use ${path}: it doesn't end as a prepared data set of this version of rin does; ` +
            `prepare it again with: rin data prepare`,
        );
      }
      if (length > end - MAGIC.length || length > MAX_FOOTER) throw damaged(path);
      const footer = await file.read(end - length, new Uint8Array(length));
      if (!equal(await sha256(footer), trailer.subarray(8, 40))) throw damaged(path);
      const { names, ...rest } = decodeFooter(footer, path, clips);
      const frames = rest.lengths ? beginnings(rest.lengths).at(-1)! : rest.facts.count;
      const pixels = frames * pictureSize(pictureOf(rest.facts));
      if (MAGIC.length + pixels !== end - length) throw damaged(path);
      // Copies, so that the names' bytes can go.
      const kept = { ...rest, heldOut: rest.heldOut.slice(), hashes: rest.hashes.slice() };
      return new PreparedFile(path, kept, [end - names.length, names.length], file);
    }
  }

  /** The name of each image, read again on each call: there may be many. */
  async names(): Promise<string[]> {
    const [position, length] = this.namesAt;
    return parseJson(await this.file.read(position, new Uint8Array(length)), this.path) as string[];
  }

  /** Whether it holds clips. */
  get clips(): boolean {
    return this.#begins !== undefined;
  }

  /**
   * Some of the images, or clips, as a set. Before anything of a chunk is given out for the first
   * time, the whole chunk is compared with its hash; a read of a damaged one rejects.
   *
   * @param name name of the set in logs
   * @param members which ones, in this order
   * @param labels of all that the file holds
   * @param windows the part to read of each clip, of equal length for all; one frame by default
   */
  set(
    name: string,
    members: Uint32Array,
    labels?: Labels,
    windows: Windows = { frames: 1, stride: 1 },
  ): ImageSet {
    const { file, footer: { facts, lengths } } = this;
    const begins = this.#begins;
    const compared = (member: number) => this.#comparedOnce(this.#chunkOf(member));
    const bytes = pictureSize(pictureOf(facts));
    const { frames, stride } = windows;
    const room = lengths && members.map((member) => lengths[member] - spanOf(windows));
    return {
      name,
      ...pictureOf(facts),
      count: members.length,
      labels: labels && members.map((member) => labels.values[member]),
      classNames: labels?.classNames,
      ...room && { frames, room },
      async read(indices, starts = new Uint32Array(indices.length)) {
        const out = new Uint8Array(indices.length * frames * bytes);
        const reads = Array.from(indices, (index, i) => {
          if (!(Number.isInteger(index) && index >= 0 && index < members.length)) {
            throw new RangeError(`Cannot take image ${index} of a set of ${members.length}`);
          }
          if (!(starts[i] >= 0 && starts[i] <= (room?.[index] ?? 0))) {
            throw new RangeError(`Cannot take a window from frame ${starts[i]} of clip ${index}`);
          }
          const member = members[index];
          const sound = compared(member);
          const first = (begins ? begins[member] : member) + starts[i];
          const read = (frame: number, at: number, count: number) =>
            file.read(
              MAGIC.length + frame * bytes,
              out.subarray((i * frames + at) * bytes, (i * frames + at + count) * bytes),
            );
          return stride === 1
            ? [sound, read(first, 0, frames)]
            : [sound, ...Array.from({ length: frames }, (_, t) => read(first + t * stride, t, 1))];
        });
        await Promise.all(reads.flat());
        return out;
      },
    };
  }

  /**
   * Compares every pixel with the recorded hashes.
   *
   * @param onProgress called with the number of images or clips compared of all
   * @throws {DataError} naming the first changed ones
   */
  async check(onProgress?: (done: number, total: number) => void): Promise<void> {
    for (const [chunk, end] of this.#ends.entries()) {
      await this.#compare(chunk);
      onProgress?.(end, this.footer.facts.count);
    }
  }

  /** The chunk that an image or clip is in. */
  #chunkOf(member: number): number {
    let [low, high] = [0, this.#ends.length - 1];
    while (low < high) {
      const middle = low + high >> 1;
      if (this.#ends[middle] > member) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #comparedOnce(chunk: number): Promise<void> {
    const known = this.#compared.get(chunk);
    if (known) return known;
    const comparing = this.#compare(chunk);
    this.#compared.set(chunk, comparing);
    // The disk may work again later, so forget the failure. Current callers still get the error.
    comparing.catch(() => this.#compared.delete(chunk));
    return comparing;
  }

  async #compare(chunk: number): Promise<void> {
    const { file, footer: { facts, lengths, hashes } } = this;
    const stride = pictureSize(pictureOf(facts));
    const [first, end] = [this.#ends[chunk - 1] ?? 0, this.#ends[chunk]];
    const [from, to] = [first, end].map((i) => this.#begins?.[i] ?? i);
    const pixels = await file.read(
      MAGIC.length + from * stride,
      new Uint8Array((to - from) * stride),
    );
    if (equal(await sha256(pixels), hashes.subarray(chunk * 32, (chunk + 1) * 32))) return;
    throw new DataError(
      `${this.path} is damaged: ${lengths ? "clips" : "images"} ${first} to ${end - 1} of ` +
        `${facts.count} are not what was written; delete it and prepare it again`,
    );
  }

  /** Closes the file; no read must be in progress. */
  close(): void {
    this.file.close();
  }
}

/** The frames that clips begin with, and the number of all. */
function beginnings(lengths: Uint32Array): Float64Array {
  const begins = new Float64Array(lengths.length + 1);
  lengths.forEach((length, i) => begins[i + 1] = begins[i] + length);
  return begins;
}

/** Whether a file begins as prepared data sets do, of any version. */
export async function isPrepared(path: string): Promise<boolean> {
  const file = await Deno.open(path);
  try {
    const start = new Uint8Array(MAGIC.length);
    await file.read(start);
    return equal(start.subarray(0, -1), MAGIC.subarray(0, -1));
  } finally {
    file.close();
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
