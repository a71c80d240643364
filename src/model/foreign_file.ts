// deno-lint-ignore-file no-control-regex -- files begin with such bytes
/**
 * Finds the kind of a file that is no checkpoint, by its first bytes.
 *
 * @module
 */

/** Enough for the name of a zip archive's first entry, and for the blanks before a page. */
const LOOKED_AT = 512;

/** Advice for a PyTorch file given instead of a checkpoint. */
const PYTORCH = "it is a PyTorch file: convert it with rin import";

/** Advice for a page that a browser or curl saved. */
const PAGE =
  "it is a web page instead of the file: open it to read what it says, and download the file again";

/** Describes a file that is no safetensors file and of no known kind. */
export const NOT_SAFETENSORS = "it does not begin as a safetensors file does";

type Kind = readonly [begin: RegExp, what: string];

/** First bytes, in Latin-1, of failed downloads. */
const downloads: readonly Kind[] = [
  [
    /^version https:\/\/git-lfs/,
    "it is a Git LFS pointer, which stands for a file: fetch that with git lfs pull",
  ],
  [/^(\xef\xbb\xbf)?\s*<(!doctype|html|head|\?xml|!--)/i, PAGE],
];

/** First bytes of other files that get mistaken for checkpoints. */
const others: readonly Kind[] = [
  [/^PK\x03\x04.{26}[^/]*\/(data\.pkl|\.format_version|byteorder|version)/s, PYTORCH],
  [/^PK\x03\x04.{26}[^/]*\.npy/s, "it is a NumPy archive (.npz)"],
  [/^PK/, "it is a zip archive: unpack it, or convert a PyTorch file with rin import"],
  [/^\x80[\x00-\x05]/, PYTORCH],
  [/^\x1f\x8b/, "it is packed with gzip: unpack it with gunzip"],
  [/^\x28\xb5\x2f\xfd/, "it is packed with zstd: unpack it with unzstd"],
  [/^\x89HDF/, "it is an HDF5 file, such as Keras writes, which rin can't read"],
  [/^\x08[\x01-\x7f]\x12.(pytorch|onnx|tf2onnx)/s, "it is an ONNX file, which rin can't read"],
  [/^GGUF/, "it is a GGUF file, which rin can't read"],
  [/^\x93NUMPY/, "it is a NumPy array (.npy)"],
  [/^\x89PNG|^\xff\xd8\xff|^GIF8/, "it is a picture"],
  [/^\s*[{[]/, "it is JSON or other text"],
];

function kindIn(kinds: readonly Kind[], bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, LOOKED_AT));
  return kinds.find(([begin]) => begin.test(text))?.[1];
}

/**
 * A clause on a failed download; undefined for other files. Few kinds, since this goes into every
 * bundle.
 */
export function downloadKind(bytes: Uint8Array): string | undefined {
  return kindIn(downloads, bytes);
}

/** A clause such as "it is a picture"; undefined for unknown files. */
export function foreignKind(bytes: Uint8Array): string | undefined {
  const found = downloadKind(bytes) ?? kindIn(others, bytes);
  if (found) return found;
  // Many file systems leave zeros for data that were not written before a power failure.
  if (bytes.length > 0 && bytes.every((byte) => byte === 0)) {
    return "it holds nothing but zeros: it was never written whole";
  }
}

/** The message of an error about a file, or the kind of the file instead of safetensors. */
export function whatIsIt(bytes: Uint8Array, message: string): string {
  return (message === NOT_SAFETENSORS ? foreignKind(bytes) : undefined) ?? message;
}

/** A clause on a file named as one part of several; undefined for other names. */
export function shardOf(path: string): string | undefined {
  const [, part, parts] = /-(\d{2,6})-of-(\d{2,6})\.[^/\\]*$/.exec(path) ?? [];
  if (part === undefined || Number(parts) < 2) return undefined;
  return `it is part ${Number(part)} of ${Number(parts)} of a checkpoint: save all parts as one ` +
    "file first (PyTorch's save_pretrained with a larger max_shard_size)";
}
