// The readers of images and clips.

import { Buffer } from "node:buffer";
import { crc32, deflateSync } from "node:zlib";
import { readArrays } from "../../src/data/array_file.ts";
import { arrayPixels, bytesOf } from "../../src/data/array_layout.ts";
import { parsePartition } from "../../src/data/celeba.ts";
import { chooseArrays } from "../../src/data/choose_arrays.ts";
import { CIFAR_PICTURE, readBatch } from "../../src/data/cifar.ts";
import { csvLabels } from "../../src/data/csv_labels.ts";
import { decodeClip } from "../../src/data/decode_clip.ts";
import { decodeImage } from "../../src/data/decode_image.ts";
import { DataError } from "../../src/data/errors.ts";
import { idxImage, parseIdx } from "../../src/data/idx.ts";
import { decodeText } from "../../src/files/read_text.ts";
import { exactly, inMemory } from "../../src/formats/bytes.ts";
import { Inflated } from "../../src/formats/inflated.ts";
import { wholeNumbers } from "../../src/formats/npy.ts";
import { listTar } from "../../src/data/tar_source.ts";
import { tarEntries } from "../../src/formats/tar.ts";
import { imagePng } from "../../src/picture/pictures.ts";
import { pngText } from "../../src/picture/png_text.ts";
import { withExif, writeExif } from "../data/exif_writer.ts";
import { writePng } from "../data/png_writer.ts";
import type { Target } from "./fuzz.ts";
import { rgb } from "../helpers/rgb.ts";

const fixtures = (...names: string[]) =>
  names.map((name) => Deno.readFileSync(new URL(`../data/fixtures/${name}`, import.meta.url)));

const url = new URL("../data/fixtures/formats_pil.json", import.meta.url);
const made: Record<string, { file: string }> = JSON.parse(Deno.readTextFileSync(url));

const formats = (...names: string[]) =>
  names.map((name) => Uint8Array.from(atob(made[name].file), (c) => c.charCodeAt(0)));

const BITMAPS = Object.keys(made).filter((name) => name.endsWith(".bmp"));

const text = (content: string) => new TextEncoder().encode(content);

const INTERLACED = {
  width: 9,
  height: 7,
  colourType: 0,
  interlace: 1,
  samples: Array<number>(63).fill(1),
};

/** Gives every other PNG file good checksums, without which all of them fail at the first. */
function withChecksums(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (bytes.length % 2 === 0) return bytes;
  const view = new DataView(bytes.buffer);
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) break;
    view.setUint32(at + 8 + length, crc32(bytes.subarray(at + 4, at + 8 + length)));
    at += 12 + length;
  }
  return bytes;
}

function idx(magic: number, ...sizes: number[]): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * sizes.length + sizes.reduce((a, b) => a * b));
  [magic, ...sizes].forEach((value, i) => new DataView(bytes.buffer).setUint32(4 * i, value));
  return bytes;
}

/** A PNG with a packed text. */
function withText(type: string): Uint8Array {
  const plain = imagePng(new Float32Array(3), 0, rgb(1));
  const between = type === "zTXt" ? "\0\0" : "\0\x01\0\0\0";
  const packed = deflateSync('{"checkpoint": "ab12", "seed": 4}');
  const data = Buffer.concat([Buffer.from(`rin${between}`), packed]);
  const chunk = Buffer.alloc(data.length + 12);
  chunk.writeUint32BE(data.length);
  chunk.write(type, 4);
  chunk.set(data, 8);
  chunk.writeUint32BE(crc32(chunk.subarray(4, data.length + 8)), data.length + 8);
  return Buffer.concat([plain.subarray(0, -12), chunk, plain.subarray(-12)]);
}

function unpackedTar(kind: string): Uint8Array {
  const archive = new Inflated(inMemory(fixtures(`python_${kind}.tar.gz`)[0]), "gzip");
  // Without the empty blocks, which nothing can damage.
  return archive.read(0, 8000);
}

/** A few pictures each, of three versions of pickles. */
function cifarBatches(): Uint8Array[] {
  const archive = new Inflated(inMemory(fixtures("cifar-10-python.tar.gz")[0]), "gzip");
  return [...tarEntries(archive)].filter(({ name }) => /data_batch_[134]$/.test(name))
    .map(({ begin, size }) => archive.read(begin, size));
}

/** What training does with a file of arrays, all in one. */
async function readPictures(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const arrays = readArrays("a.npy", inMemory(bytes));
  const { parts: [{ pictures, layout, labels }] } = chooseArrays("a.npz", arrays, false);
  for (const { name, type, bytes, begin, check } of arrays) {
    await check();
    const length = name === pictures ? bytesOf(layout) : 8;
    const some = exactly(bytes, begin, length);
    if (name === pictures) arrayPixels(layout, some, rgb(4));
    else if (name === labels) wholeNumbers(type, some);
  }
}

/** All of them; each pixel may take some bytes, and a byte may stand for a thousand pixels. */
export const IMAGE_TARGETS: readonly Target[] = [
  {
    name: "image PNG",
    files: () => fixtures("rgb.png", "grey.png", "cmyk.png"),
    read: (bytes) => decodeImage(withChecksums(bytes)),
    errors: ["DataError"],
    memory: (bytes) => 16_000 * bytes + 2 ** 26,
  },
  {
    name: "image JPEG",
    files: () => [
      ...fixtures("baseline_420.jpg", "progressive.jpg", "grey.jpg", "restart.jpg"),
      withExif(fixtures("baseline_420.jpg")[0], writeExif({ value: 6 })),
    ],
    read: (bytes) => decodeImage(bytes),
    errors: ["DataError"],
    memory: (bytes) => 16_000 * bytes + 2 ** 26,
  },
  {
    name: "image IDX",
    files: () => [idx(0x803, 3, 4, 5), idx(0x801, 9)],
    read: async (bytes) => {
      const found = await parseIdx(bytes);
      if (found.kind !== "images") return;
      // Files without a pixel are refused where they are opened.
      if (found.count * found.rows * found.columns > 0) idxImage(found, 0, rgb(8));
    },
    errors: ["DataError"],
    memory: (bytes) => 8 * bytes + 2 ** 16,
  },
  {
    name: "image GIF",
    files: () => fixtures("moving.gif"),
    read: (bytes) => decodeClip(bytes),
    errors: ["DataError"],
    memory: () => 2 ** 29,
  },
  {
    name: "image still GIF",
    files: () => formats("still.gif"),
    read: (bytes) => decodeImage(bytes),
    errors: ["DataError"],
    memory: () => 2 ** 29,
  },
  {
    name: "image WebP",
    files: () => formats("lossy.webp", "lossless.webp", "alpha.webp"),
    read: (bytes) => decodeImage(bytes),
    errors: ["DataError"],
    memory: () => 2 ** 30,
  },
  {
    name: "image BMP",
    files: () => formats(...BITMAPS),
    read: (bytes) => decodeImage(bytes),
    errors: ["DataError"],
    memory: (bytes) => 2 ** 26 + 4096 * bytes,
  },
  {
    name: "image Adam7 PNG",
    files: () => Promise.all([1, 2, 4].map((depth) => writePng({ ...INTERLACED, depth }))),
    read: (bytes) => decodeImage(withChecksums(bytes)),
    errors: ["DataError"],
    memory: (bytes) => 16_000 * bytes + 2 ** 26,
  },
  {
    name: "image odd JPEG",
    files: () => formats("cmyk_without_adobe.jpg", "stray.jpg"),
    read: (bytes) => decodeImage(bytes),
    errors: ["DataError"],
    memory: (bytes) => 16_000 * bytes + 2 ** 26,
  },
  {
    name: "arrays of NumPy",
    files: () => fixtures("arrays_stored.npz", "arrays_split.npz", "arrays_planar.npy"),
    read: readPictures,
    errors: ["DataError", "FormatError"],
    memory: (bytes) => 4096 * bytes + 2 ** 24,
  },
  {
    name: "tar",
    files: async () => [
      ...fixtures("python_pax.tar.gz"),
      ...await Promise.all(["ustar", "gnu", "pax"].map(unpackedTar)),
    ],
    read: (bytes) => {
      const gzip = bytes[0] === 0x1f;
      const archive = gzip ? new Inflated(inMemory(bytes), "gzip") : inMemory(bytes);
      for (const { begin, size } of listTar(archive).files) exactly(archive, begin, size);
    },
    errors: ["FormatError"],
    memory: (bytes) => 4096 * bytes + 2 ** 24,
  },
  {
    name: "batch of CIFAR",
    files: cifarBatches,
    read: (bytes) => {
      const { count, picture } = readBatch(bytes, 0);
      arrayPixels({ ...CIFAR_PICTURE, count }, picture(count - 1), rgb(8));
    },
    errors: ["FormatError"],
    memory: (bytes) => 64 * bytes + 2 ** 24,
  },
  {
    name: "table of classes",
    files: () => [
      text('file,class\na/1.png,owl\n"a/2.png","a ""cat"""\n'),
      text("1.png;3\r\na/2.png;4\r\n"),
    ],
    read: (bytes) => csvLabels(decodeText(bytes), ["a/1.png", "a/2.png", "b/2.jpg"], "t.csv"),
    errors: ["DataError"],
    memory: (bytes) => 8 * bytes + 2 ** 16,
  },
  {
    name: "CelebA list",
    files: () => [text("000001.jpg 0\n000002.jpg 1\n"), text("image_id,partition\na.jpg,0\n")],
    read: (bytes) => parsePartition(new TextDecoder().decode(bytes)),
    errors: ["DataError"],
    memory: (bytes) => 8 * bytes + 2 ** 16,
  },
  {
    name: "image APNG",
    files: () => fixtures("moving.apng.png"),
    read: (bytes) => decodeClip(withChecksums(bytes)),
    errors: ["DataError"],
    memory: () => 2 ** 29,
  },
  {
    name: "text of a PNG",
    files: () => ["zTXt", "iTXt"].map(withText),
    read: (bytes) => {
      const text = pngText(withChecksums(bytes));
      if (text === undefined) throw new DataError("no whole PNG");
    },
    errors: ["DataError"],
    memory: (bytes) => 8 * bytes + 2 ** 22,
  },
];
