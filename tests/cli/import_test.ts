import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { importPyTorch } from "../../src/model/pytorch/import.ts";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors.ts";
import { withFolder, write } from "../data/scratch.ts";
import { complaint, rin } from "./rin.ts";

const fixtures = decodeURIComponent(new URL("../model/pytorch/fixtures", import.meta.url).pathname);

Deno.test("import: a Lightning checkpoint becomes one of ours, beside it", async () => {
  await withFolder(async (cwd) => {
    await Deno.copyFile(`${fixtures}/lightning.ckpt`, `${cwd}/epoch=3.ckpt`);
    const untold = complaint(await rin(["import", "epoch=3.ckpt"], { cwd }));
    assertStringIncludes(untold, "Cannot import epoch=3.ckpt: numHeads is not known");
    assert(untold.endsWith("give it with --num-heads"), untold);
    const { code, stdout } = await rin(["import", "epoch=3.ckpt", "--num-heads", "2"], { cwd });
    assertEquals(code, 0);
    assertStringIncludes(stdout, "Wrote epoch=3.safetensors: ");
    assertStringIncludes(stdout, "parameters, 8x8 pixels, 2 heads");
    const { stdout: facts } = await rin(["info", "epoch=3.safetensors"], { cwd });
    assertStringIncludes(facts, "imported from PyTorch");
    assert(/trained_steps +1234/.test(facts), facts);

    await write(`${cwd}/c.json`, '{"numHeads": 1, "prediction": "x0"}');
    const again = ["import", "epoch=3.ckpt", "--config", "c.json", "--out", "x.safetensors"];
    assertEquals((await rin(again, { cwd })).code, 0);
    const { config } = readCheckpoint(await Deno.readFile(`${cwd}/x.safetensors`));
    assertEquals([config.numHeads, config.prediction], [1, "x0"]);
  });
});

Deno.test("import: says which weights it took, and --weights chooses", async () => {
  await withFolder(async (cwd) => {
    const { config, slabs } = importPyTorch(
      await Deno.readFile(`${fixtures}/lightning.ckpt`),
      { numHeads: 2 },
    );
    const { tensors } = readSafetensors(writeCheckpoint({ config, slabs }));
    const both = new Map([...tensors].flatMap(([name, tensor]) => [
      [`teacher.${name}`, tensor] as const,
      [`student.${name}`, { ...tensor, data: tensor.data.map((value) => value / 2) }] as const,
    ]));
    await Deno.writeFile(`${cwd}/a.safetensors`, writeSafetensors({ metadata: {}, tensors: both }));
    const command = ["import", "a.safetensors", "--num-heads", "2", "--out", "b.safetensors"];
    const said = complaint(await rin(command, { cwd }));
    assert(said.endsWith("several networks, teacher and student: give --weights NAME"), said);
    const { code, stdout } = await rin([...command, "--weights", "student"], { cwd });
    assertEquals(code, 0);
    assertStringIncludes(stdout, "Took student as the weights, no moving average; left out ");
    const taken = readCheckpoint(await Deno.readFile(`${cwd}/b.safetensors`)).slabs.parameters;
    assertEquals(taken, slabs.parameters.map((value) => value / 2));

    await Deno.copyFile(`${cwd}/b.safetensors`, `${cwd}/m-00002-of-00003.safetensors`);
    await Deno.truncate(`${cwd}/m-00002-of-00003.safetensors`, 4000);
    for (const command of [["import"], ["info"]]) {
      const part = complaint(await rin([...command, "m-00002-of-00003.safetensors"], { cwd }));
      assertStringIncludes(part, "it is part 2 of 3 of a checkpoint");
    }
  });
});

Deno.test("import: what can't be imported is named with its file, and nothing is written", async () => {
  await withFolder(async (cwd) => {
    const say = async (...args: string[]) => complaint(await rin(["import", ...args], { cwd }));
    assertStringIncludes(await say(`${fixtures}/lucidrains.pt`), "lucidrains.pt: it is of lucid");
    assertStringIncludes(await say("none.pt"), "Cannot read none.pt: there is no such file");
    await write(`${cwd}/a.safetensors`, "This is no such file.");
    assertStringIncludes(await say("a.safetensors"), "Cannot import a.safetensors: it does not");
    assertEquals([...Deno.readDirSync(cwd)].map(({ name }) => name), ["a.safetensors"]);
    assertStringIncludes(complaint(await rin(["import"]), 2), "Which file?");
    assertStringIncludes(complaint(await rin(["import", "a", "b"]), 2), "One file at a time");
  });
});
