import { assertEquals } from "@std/assert";
import { decodeText } from "../../src/files/read_text.ts";

Deno.test("decodeText() takes the byte order mark as the encoding, not as text", () => {
  const text = '{"imageSize": 8, "é": "日"}\r\n';
  const units = Uint16Array.from(text, (char) => char.charCodeAt(0));
  const little = new Uint8Array(units.buffer);
  const big = Uint8Array.from(little, (_, i) => little[i ^ 1]);
  const utf8 = new TextEncoder().encode(text);
  for (
    const file of [utf8, [0xef, 0xbb, 0xbf, ...utf8], [0xff, 0xfe, ...little], [0xfe, 0xff, ...big]]
  ) assertEquals(decodeText(Uint8Array.from(file)), text);
  assertEquals(decodeText(new Uint8Array()), "");
});
