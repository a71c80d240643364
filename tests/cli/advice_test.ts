import { assertEquals, assertStringIncludes } from "@std/assert";
import { adviceOn } from "../../cli/training/advice.ts";
import { PRESETS } from "../../src/run/presets.ts";
import { completeConfig } from "../../src/model/config.ts";

Deno.test("adviceOn() warns when tokens are too narrow for the noise", () => {
  const of = (changes: Parameters<typeof completeConfig>[0]) => adviceOn(completeConfig(changes));
  const narrow = of({ patchSize: 8, interfaceDim: 128, prediction: "eps" })!;
  for (const text of ["192 numbers", "its token 128", "--prediction eps", "--interface-dim 192"]) {
    assertStringIncludes(narrow, text);
  }
  assertStringIncludes(of({ prediction: "v" })!, "--prediction v");
  assertEquals(of({ prediction: "x0" }), undefined);
  assertEquals(of({ prediction: "eps", interfaceDim: 192 }), undefined);
  assertEquals(of({ prediction: "eps", patchSize: 4, interfaceDim: 48 }), undefined);
  const clips = { patchSize: 4, frames: 4, interfaceDim: 64, prediction: "eps" } as const;
  assertEquals(of(clips), undefined);
  assertStringIncludes(of({ ...clips, patchFrames: 2 })!, "96 numbers");
});

Deno.test("adviceOn() warns of the original project's network, and of none of the paper's", () => {
  const told = (name: string) => adviceOn(completeConfig(PRESETS[name].network)) !== undefined;
  assertEquals(["readme", "faces", "demo", "cifar10", "imagenet64", "imagenet128"].filter(told), [
    "readme",
  ]);
});
