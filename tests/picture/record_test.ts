import { assertEquals } from "@std/assert";
import { imagePng } from "../../src/picture/pictures.ts";
import { deviceIn, recordIn, recordText } from "../../src/picture/record.ts";
import { rgb } from "../helpers/rgb.ts";

const RECORD = { checkpoint: "ab12", count: 2, steps: 3, seed: 4 };

const png = (device: string | undefined) =>
  imagePng(new Float32Array(3), 0, rgb(1), recordText(RECORD, device));

Deno.test("recordText() keeps the device apart from the settings", () => {
  assertEquals(recordIn(png("cpu fused")), RECORD);
  assertEquals(deviceIn(png("cpu fused")), "cpu fused");
  assertEquals(recordIn(png(undefined)), RECORD);
  assertEquals(deviceIn(png(undefined)), undefined);
});

Deno.test("recordText() takes any adapter's name", () => {
  const name = 'webgpu Größe™ "日本" \u{1f600}';
  assertEquals(deviceIn(png(name)), name);
  assertEquals(recordIn(png(name)), RECORD);
});

Deno.test("recordIn() finds nothing in other files", () => {
  const foreign = imagePng(new Float32Array(3), 0, rgb(1), { rin: "[1]" });
  for (const bytes of [foreign, png("cpu").subarray(0, 60), new Uint8Array(3)]) {
    assertEquals([recordIn(bytes), deviceIn(bytes)], [undefined, undefined]);
  }
});
