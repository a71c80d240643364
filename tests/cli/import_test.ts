import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { writeNpz } from "../../src/eval/npz.ts";
import { exportPix2seq } from "../../src/model/pix2seq/export.ts";
import { importPyTorch } from "../../src/model/pytorch/import.ts";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors.ts";
import { withFolder, write } from "../data/scratch.ts";
import { readSmallNet, smallNet } from "../helpers/small_net.ts";
import { complaint, rin } from "./rin.ts";

const fixtures = fileURLToPath(new URL("../model/pytorch/fixtures", import.meta.url));

Deno.test("rin import writes a Lightning checkpoint as one of rin's, beside it", async () => {
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

Deno.test("rin import says which weights it took, and --weights chooses others", async () => {
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

Deno.test("rin import and export convert variables of the paper's code, as .npz and safetensors", async () => {
  await withFolder(async (cwd) => {
    const paper = { layers: "paper", timeConditioning: "token", timeInput: "gamma" } as const;
    const checkpoint = readSmallNet({ ...paper, numClasses: 3, prediction: "eps" });
    const { tensors } = readSafetensors(exportPix2seq(checkpoint));
    const arrays = [...tensors].map(([name, { shape, data }]) =>
      [`${name}:0`, { shape, data: Float64Array.from(data) }] as const
    );
    await Deno.writeFile(`${cwd}/net.npz`, writeNpz(Object.fromEntries(arrays)));
    const { code, stdout, stderr } = await rin(["import", "net.npz"], { cwd });
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "Wrote net.safetensors: ");
    assertStringIncludes(stdout, "Took tape as the weights");
    const taken = readCheckpoint(await Deno.readFile(`${cwd}/net.safetensors`));
    assertEquals(taken.config, { ...checkpoint.config, schedule: "linear" });
    assertEquals(taken.slabs.parameters, checkpoint.slabs.parameters);

    const exported = await rin(["export", "net.safetensors", "--layout", "pix2seq"], { cwd });
    assertStringIncludes(exported.stdout, "Wrote net-pix2seq.safetensors: ");
    const bytes = await Deno.readFile(`${cwd}/net-pix2seq.safetensors`);
    assertEquals(readSafetensors(bytes).tensors, tensors);
    const out = ["--out", "again.safetensors"];
    assertEquals((await rin(["import", "net-pix2seq.safetensors", ...out], { cwd })).code, 0);
    const again = await Deno.readFile(`${cwd}/again.safetensors`);
    assertEquals(readCheckpoint(again).slabs.parameters, checkpoint.slabs.parameters);

    const half = ["export", "net.safetensors", "--layout", "pix2seq", "--dtype", "f16"];
    assertStringIncludes(complaint(await rin(half, { cwd }), 2), "written in f32");
    await Deno.writeFile(`${cwd}/other.safetensors`, smallNet());
    const other = complaint(
      await rin(["export", "other.safetensors", "--layout", "pix2seq"], { cwd }),
    );
    assertStringIncludes(other, "pix2seq has no such network: its");
    await Deno.writeFile(
      `${cwd}/fid.npz`,
      writeNpz({ mu: { shape: [1], data: new Float64Array(1) } }),
    );
    assertStringIncludes(
      complaint(await rin(["import", "fid.npz"], { cwd })),
      "Cannot import fid.npz",
    );
  });
});

Deno.test("rin import names the file that it can't convert, and writes nothing", async () => {
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
