import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { downloadKind, foreignKind, shardOf } from "../../src/model/foreign_file.ts";
import { CheckpointError } from "../../src/model/safetensors.ts";
import { openCheckpoint } from "../../src/run/checkpoint_file.ts";
import { withFolder } from "../data/scratch.ts";
import { zipOf } from "../formats/zip_of.ts";

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const some = new Uint8Array(9);

const files: [name: string, bytes: Uint8Array, what: string][] = [
  [
    "a Git LFS pointer",
    latin1("version https://git-lfs.example/spec/v1\noid sha256:00\nsize 4821934\n"),
    "it is a Git LFS pointer, which stands for a file: fetch that with git lfs pull",
  ],
  [
    "a page",
    latin1("<!DOCTYPE html><title>Virus scan warning</title>"),
    "it is a web page instead",
  ],
  ["a page after blanks", latin1("\xef\xbb\xbf\r\n <html>"), "it is a web page instead"],
  ["a .ckpt", zipOf({ "epoch=3/data.pkl": some }), "convert it with rin import"],
  ["an old .pt", latin1("\x80\x02\x8a\x0a aaaaaaaaaaa"), "convert it with rin import"],
  ["an .npz", zipOf({ "arr_0.npy": some }), "it is a NumPy archive"],
  ["a zip archive", zipOf({ "ok.ckpt": some }), "it is a zip archive: unpack it"],
  ["a gzip file", latin1("\x1f\x8b\x08aaaaaaaaaa"), "it is packed with gzip"],
  ["Keras's", latin1("\x89HDF\r\n\x1a\n\0"), "it is an HDF5 file"],
  ["ONNX", latin1("\x08\x07\x12\x07pytorch\x00\x00"), "it is an ONNX file"],
  ["zeros", new Uint8Array(5000), "it holds nothing but zeros"],
  ["JSON", latin1('{"imageSize": 32}'), "it is JSON or other text"],
];

for (const [name, bytes, what] of files) {
  Deno.test(`foreignKind() recognizes ${name}`, async () => {
    assertStringIncludes(foreignKind(bytes) ?? "", what);
    assertThrows(() => readCheckpoint(bytes), CheckpointError, downloadKind(bytes));
    await withFolder(async (folder) => {
      await Deno.writeFile(`${folder}/net`, bytes);
      await assertRejects(() => openCheckpoint(`${folder}/net`), CheckpointError, what);
    });
  });
}

Deno.test("foreignKind() describes an unknown file", () => {
  assertEquals(foreignKind(latin1("something else")), undefined);
  assertEquals(foreignKind(new Uint8Array()), undefined);
});

Deno.test("shardOf() recognizes a shard of a checkpoint by its name", () => {
  assert(shardOf("a/model-00001-of-00002.safetensors")!.startsWith("it is part 1 of 2 of"));
  for (const path of ["a.safetensors", "x-00001-of-00001.safetensors", "a-1-of-2/b.pt"]) {
    assertEquals(shardOf(path), undefined, path);
  }
});
