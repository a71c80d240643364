import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { completeConfig } from "../../src/model/config.ts";
import { sha256 } from "../../src/model/identity.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { withFolder, write } from "../data/scratch.ts";
import { assertSameBits } from "../helpers/close.ts";
import { SMALL } from "../helpers/small_net.ts";
import { complaint, rin } from "./rin.ts";

const config = completeConfig(SMALL);
const slabOf = (seed: number) => initialize(parameterLayout(config), seed);

/** The checkpoint of a run on the faces. */
function trained(data = "faces"): Uint8Array {
  const [parameters, ema, adam_m, adam_v] = [1, 2, 3, 4].map(slabOf);
  const training = { step: 120, options: { batchSize: 8 }, run: { data }, images: 118 };
  return writeCheckpoint({ config, slabs: { parameters, ema, adam_m, adam_v }, training });
}

Deno.test("rin export writes the moving average in half precision, with a card, in a tenth of the size", async () => {
  await withFolder(async (cwd) => {
    await write(`${cwd}/run/last.safetensors`, trained());
    const { code, stdout } = await rin(["export", "run"], { cwd });
    assertEquals(code, 0);
    assertStringIncludes(stdout, "Wrote run/last-f16.safetensors: ");
    const bytes = await Deno.readFile(`${cwd}/run/last-f16.safetensors`);
    const whole = await Deno.stat(`${cwd}/run/last.safetensors`);
    assert(bytes.length < whole.size / 7, `${bytes.length} of ${whole.size}`);
    const found = readCheckpoint(bytes);
    assertEquals(found.config, config);
    assertEquals([found.slabs.ema, found.slabs.adam_m, found.training], [
      undefined,
      undefined,
      undefined,
    ]);
    assertSameBits("weights", found.slabs.parameters, slabOf(2).map((x) => Math.f16round(x)));
    const { metadata } = readSafetensors(bytes);
    assertEquals([metadata.trained_on, metadata.trained_steps, metadata.batch_size], [
      "faces",
      "120",
      "8",
    ]);
    assertStringIncludes(metadata.attribution, "CC BY 4.0");
    const { stdout: facts } = await rin(["info", "run/last-f16.safetensors"], { cwd });
    for (const text of ["CC BY 4.0", "faces", "118"]) assertStringIncludes(facts, text);
  });
});

Deno.test("rin export keeps float32 bits, and names own pictures only by their folder", async () => {
  await withFolder(async (cwd) => {
    await write(`${cwd}/a.safetensors`, trained("/home/ada/pictures/"));
    const args = ["export", "a.safetensors", "--dtype", "f32", "--out", "b.safetensors"];
    assertEquals((await rin(args, { cwd })).code, 0);
    const { slabs, about } = readCheckpoint(await Deno.readFile(`${cwd}/b.safetensors`));
    assertSameBits("weights", slabs.parameters, slabOf(2));
    assertEquals([about!.trained_on, about!.attribution], ["pictures", undefined]);
    // What has no moving average is exported as it is, and keeps its card.
    assertEquals((await rin(["export", "b.safetensors"], { cwd })).code, 0);
    const again = readCheckpoint(await Deno.readFile(`${cwd}/b-f16.safetensors`));
    const { same_weights_as: original, ...card } = about!;
    assertEquals(again.about, { ...card, rounded_from: original });
    assertEquals(original, await sha256(await Deno.readFile(`${cwd}/a.safetensors`)));
  });
});

Deno.test("rin export refuses what it can't write", async () => {
  await withFolder(async (cwd) => {
    const parameters = slabOf(1);
    parameters[7] = 70000;
    await write(`${cwd}/a.safetensors`, writeCheckpoint({ config, slabs: { parameters } }));
    const say = async (args: string[], code = 1) =>
      complaint(await rin(["export", ...args], { cwd }), code);
    assertStringIncludes(
      await say(["a.safetensors"]),
      "a weight of 70000, beyond 65504; use --dtype",
    );
    const same = ["a.safetensors", "--dtype", "f32", "--out", "./a.safetensors"];
    assertStringIncludes(await say(same), "--out is the checkpoint itself");
    assertStringIncludes(await say([], 2), "Which checkpoint?");
    assertStringIncludes(await say(["a", "b"], 2), "One checkpoint at a time");
    assertStringIncludes(await say(["a", "--dtype", "f8"], 2), "expected f16 or f32");
  });
});
