/**
 * Prepared data sets: images in a file, read in ranges, of which nothing but the list of the labels
 * and splits is held in memory.
 * @module
 */
import { DataError, reasonOf } from "./errors.ts";
import type { ImageSet } from "./image_set.ts";
import type { Labels } from "./labels.ts";
import {
  CHUNK,
  damaged,
  decodeFooter,
  type Footer,
  MAGIC,
  parseJson,
  sha256,
  strideOf,
  TRAILER,
} from "./prepared_format.ts";
import { RangedFile } from "./ranged_file.ts";

/** Bytes of a footer that is too long to be true: names of 40 million images. */
const MAX_FOOTER = 2 ** 31;

/** A prepared data set that is open. */
export class PreparedFile {
  private constructor(
    readonly path: string,
    readonly footer: Omit<Footer, "names">,
    /** Where the names begin in the file, and their length. */
    readonly namesAt: readonly [position: number, length: number],
    readonly file: RangedFile,
  ) {}

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
      if (!equal(trailer.subarray(40), MAGIC)) {
        throw new DataError(
          `Cannot use ${path}: it doesn't end as a prepared data set of this version of rin does; ` +
            `prepare it again with: rin data prepare`,
        );
      }
      if (length > end - MAGIC.length || length > MAX_FOOTER) throw damaged(path);
      const footer = await file.read(end - length, new Uint8Array(length));
      if (!equal(await sha256(footer), trailer.subarray(8, 40))) throw damaged(path);
      const { names, ...rest } = decodeFooter(footer, path);
      const pixels = rest.facts.count * strideOf(rest.facts);
      if (MAGIC.length + pixels !== end - length) throw damaged(path);
      // Copies, so that the names' bytes can go.
      const kept = { ...rest, heldOut: rest.heldOut.slice(), hashes: rest.hashes.slice() };
      return new PreparedFile(path, kept, [end - names.length, names.length], file);
    }
  }

  /** The name of each image, read anew: there may be many. */
  async names(): Promise<string[]> {
    const [position, length] = this.namesAt;
    return parseJson(await this.file.read(position, new Uint8Array(length)), this.path) as string[];
  }

  /**
   * Some of the images as a set.
   *
   * @param name what to call the set in logs
   * @param members which images, in this order
   * @param labels of all images of the file
   */
  set(name: string, members: Uint32Array, labels?: Labels): ImageSet {
    const { file, footer: { facts } } = this;
    const stride = strideOf(facts);
    return {
      name,
      imageSize: facts.imageSize,
      count: members.length,
      labels: labels && members.map((member) => labels.values[member]),
      classNames: labels?.classNames,
      async read(indices) {
        const out = new Uint8Array(indices.length * stride);
        await Promise.all(Array.from(indices, (index, i) => {
          if (!(Number.isInteger(index) && index >= 0 && index < members.length)) {
            throw new RangeError(`Cannot take image ${index} of a set of ${members.length}`);
          }
          const position = MAGIC.length + members[index] * stride;
          return file.read(position, out.subarray(i * stride, (i + 1) * stride));
        }));
        return out;
      },
    };
  }

  /**
   * Compares every pixel with the recorded hashes.
   *
   * @param onProgress called with the number of images compared of all
   * @throws {DataError} naming the first images that are not what they were
   */
  async check(onProgress?: (done: number, total: number) => void): Promise<void> {
    const { file, footer: { facts, hashes } } = this;
    const stride = strideOf(facts);
    for (let first = 0; first < facts.count; first += CHUNK) {
      const length = Math.min(CHUNK, facts.count - first);
      const position = MAGIC.length + first * stride;
      const pixels = await file.read(position, new Uint8Array(length * stride));
      const hash = hashes.subarray(first / CHUNK * 32, (first / CHUNK + 1) * 32);
      if (!equal(await sha256(pixels), hash)) {
        throw new DataError(
          `${this.path} is damaged: images ${first} to ${first + length - 1} of ${facts.count} ` +
            `are not what was written; delete it and prepare it again`,
        );
      }
      onProgress?.(first + length, facts.count);
    }
  }

  /** Closes the file. */
  close(): void {
    this.file.close();
  }
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
