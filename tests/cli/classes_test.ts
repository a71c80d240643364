import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { withFolder, write } from "../data/scratch.ts";
import { available } from "../helpers/gpu.ts";
import { complaint, metrics, rin, TINY, writePictures } from "./rin.ts";

Deno.test({
  name: "classes: of sub-folders are trained with, kept in the checkpoint and gone on with",
  ignore: !available,
  fn: () =>
    withFolder(async (cwd) => {
      for (const name of ["dogs", "cats"]) await writePictures(`${cwd}/pictures/${name}`, 6);
      const train = (...args: string[]) => rin(["train", ...args], { cwd });
      const args = [...TINY, "--data", "pictures", "--valid-every", "2"];
      const first = await train(...args, "--labels", "auto", "--steps", "2", "--out", "r");
      assertEquals(first.code, 0, first.stderr);
      assertStringIncludes(first.stderr, "Classes: 2 (cats, dogs)");
      const { config } = readCheckpoint(await Deno.readFile(`${cwd}/r/last.safetensors`));
      assertEquals(config.numClasses, 2);

      assertEquals((await train("--resume", "r", "--steps", "4", "--quiet")).code, 0);
      const whole = await train(...args, "--labels", "auto", "--steps", "4", "--out", "w");
      assertEquals(whole.code, 0);
      const losses = async (run: string) =>
        (await metrics(`${cwd}/${run}`)).map(({ loss, validLoss }) => loss ?? validLoss);
      assertEquals(await losses("r"), await losses("w"));
      const plain = await train(...args, "--steps", "4", "--out", "p", "--quiet");
      assertEquals([plain.code, plain.stderr], [0, ""]);
      assert((await losses("p"))[1] !== (await losses("w"))[1], "classes change nothing");
    }),
});

Deno.test({
  name: "classes: what is asked for and isn't there is told",
  ignore: !available,
  fn: () =>
    withFolder(async (cwd) => {
      await writePictures(`${cwd}/pictures`, 3);
      const fails = async (...args: string[]) =>
        complaint(await rin(["train", ...TINY, "--data", "pictures", ...args], { cwd }));
      assertStringIncludes(await fails("--labels", "auto"), "not every image lies in a folder");
      assertStringIncludes(
        await fails("--num-classes", "3"),
        "3 classes, and the images have none",
      );
      await write(`${cwd}/labels`, "hello");
      assertStringIncludes(await fails("--labels", "labels"), "IDX");
      const attribute = ["--label-attribute", "Smiling"];
      assertStringIncludes(await fails(...attribute), "list_attr_celeba.txt");
      for (const name of ["a", "b"]) await writePictures(`${cwd}/two/${name}`, 2);
      const args = ["train", ...TINY, "--data", "two", "--labels", "auto", "--num-classes", "1"];
      assertStringIncludes(complaint(await rin(args, { cwd })), "the images are of 2");
    }),
});
