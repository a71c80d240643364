// rin train --init: fine-tuning, and what a checkpoint that is broken is answered with.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import { withFolder } from "../data/scratch.ts";
import { complaint, rin, TINY, writePictures } from "./rin.ts";

const CLASSES = "class_conditioner.class_embed";

const checkpointOf = async (path: string) => readCheckpoint(await Deno.readFile(path));

Deno.test("rin train --init takes the weights, and starts other classes and the optimizer fresh", async () => {
  await withFolder(async (cwd) => {
    for (const name of ["two/a", "two/b", "three/a", "three/b", "three/c"]) {
      await writePictures(`${cwd}/${name}`, 2);
    }
    const common = ["--labels", "auto", "--steps", "2", "--quiet", "--sample-count", "1"];
    const first = ["train", ...TINY, ...common, "--data", "two", "--out", "first"];
    assertEquals((await rin(first, { cwd })).code, 0);
    // Without a single flag of the network, and at a learning rate that moves nothing.
    const second = [
      ...["train", "--init", "first", "--data", "three", "--out", "second", "--labels", "auto"],
      ...["--batch-size", "4", "--steps", "2", "--lr", "0", "--warmup", "0", "--sample-count", "1"],
      ...["--sample-steps", "2"],
    ];
    const { code, stderr } = await rin(second, { cwd });
    assertEquals(code, 0, stderr);
    assertStringIncludes(
      stderr,
      `Starting from the weights of the checkpoint; ${CLASSES} starts fresh, because the ` +
        `classes differ`,
    );
    const [from, to] = [
      await checkpointOf(`${cwd}/first/last.safetensors`),
      await checkpointOf(`${cwd}/second/last.safetensors`),
    ];
    assertEquals(to.config, { ...from.config, numClasses: 3 });
    const before = parameterLayout(from.config).parameters;
    for (const { name, offset, size } of parameterLayout(to.config).parameters) {
      if (name === CLASSES) continue;
      const old = before.find((spec) => spec.name === name)!.offset;
      const expected = from.slabs.ema!.slice(old, old + size);
      assertEquals(to.slabs.parameters.slice(offset, offset + size), expected, name);
    }
    assertEquals(to.training!.step, 2);

    const both = await rin(["train", "--resume", "second", "--init", "first"], { cwd });
    assertStringIncludes(complaint(both, 2), "--init can't be given with --resume");
    const sized = await rin([...second.slice(0, 6), "x", ...second.slice(7), "--num-heads", "4"], {
      cwd,
    });
    assertStringIncludes(
      complaint(sized),
      "--num-heads is 2 there, and 4 here; of the weights only those of classes",
    );

    // A last checkpoint that a full disk has cut.
    const last = `${cwd}/second/last.safetensors`;
    await Deno.remove(`${cwd}/second/best.safetensors`).catch(() => {});
    await Deno.copyFile(`${cwd}/first/last.safetensors`, `${cwd}/second/best.safetensors`);
    const whole = await Deno.readFile(last);
    await Deno.remove(last);
    await Deno.writeFile(last, whole.subarray(0, whole.length / 2));
    for (const command of [["train", "--resume", "second"], ["sample", "--checkpoint", "second"]]) {
      const said = complaint(await rin(command, { cwd }));
      assertStringIncludes(said, "it is truncated");
      assertStringIncludes(
        said,
        "; second/best.safetensors is whole: use that (to resume from it,",
      );
    }
    await Deno.writeFile(`${cwd}/second/best.safetensors`, whole.subarray(0, 99));
    const alone = complaint(await rin(["sample", "--checkpoint", "second"], { cwd }));
    assert(!alone.includes("best"), alone);
  });
});
