import { assertEquals } from "@std/assert";
import { deflateSync } from "node:zlib";
import { crc32 } from "../../src/formats/crc32.ts";
import { imagePng } from "../../src/picture/pictures.ts";
import { pngText } from "../../src/picture/png_text.ts";
import { recordIn, recordText } from "../../src/picture/record.ts";
import { rgb } from "../helpers/rgb.ts";

const RECORD = { checkpoint: "ab12", count: 2, seed: 4 };
const OWN = imagePng(new Float32Array(3), 0, rgb(1), recordText(RECORD, "cpu"));
const JSON_TEXT = pngText(OWN)!.rin;

const bytes = (text: string) => new TextEncoder().encode(text);
const joined = (...parts: (string | Uint8Array)[]) =>
  Uint8Array.from(parts.flatMap((part) => [...typeof part === "string" ? bytes(part) : part]));

/** A PNG without text, and with one chunk before its end. */
function withChunk(type: string, data: Uint8Array): Uint8Array {
  const plain = imagePng(new Float32Array(3), 0, rgb(1));
  const chunk = joined("\0\0\0\0", type, data, "\0\0\0\0");
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  view.setUint32(data.length + 8, crc32(chunk.subarray(4, data.length + 8)));
  return joined(plain.subarray(0, -12), chunk, plain.subarray(-12));
}

const packed = deflateSync(JSON_TEXT);
const kinds: [name: string, type: string, data: Uint8Array][] = [
  ["as it was, behind the pixels", "tEXt", joined("rin\0", JSON_TEXT)],
  ["packed", "zTXt", joined("rin\0\0", packed)],
  ["international", "iTXt", joined("rin\0\0\0\0\0", JSON_TEXT)],
  [
    "international, with a language and a keyword in it",
    "iTXt",
    joined("rin\0\0\0de\0Rezept\0", JSON_TEXT),
  ],
  ["international and packed", "iTXt", joined("rin\0\x01\0\0\0", packed)],
];

for (const [name, type, data] of kinds) {
  Deno.test(`pngText() reads a PNG that was saved again: ${name}`, () => {
    assertEquals(recordIn(withChunk(type, data)), RECORD);
  });
}

Deno.test("pngText() finds no text that is packed badly, cut, or too long", () => {
  const bomb = deflateSync(new Uint8Array(2 ** 24));
  for (
    const data of [
      joined("rin\0\0", "no zlib"),
      joined("rin\0\0", packed.subarray(0, -8)),
      joined("rin\0\0"),
      joined("rin"),
      joined("rin\0\0", bomb),
    ]
  ) assertEquals(pngText(withChunk("zTXt", data)), {});
  for (const data of [joined("rin"), joined("rin\0"), joined("rin\0\x01\0")]) {
    assertEquals(recordIn(withChunk("iTXt", data)), undefined);
  }
});
