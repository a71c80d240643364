// Training with classes and sampling by their names, as a user does.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TarWriter } from "../../cli/files/tar_writer.ts";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { lettering } from "../../src/picture/lettering.ts";
import { pngSize } from "../../src/picture/pictures.ts";
import { withFolder } from "../data/scratch.ts";
import { complaint, rin, TINY, writePictures } from "./rin.ts";

Deno.test({
  name:
    "rin train learns classes of folders with the paper's options, and rin sample draws them by name with guidance",
  fn: () =>
    withFolder(async (cwd) => {
      await writePictures(`${cwd}/data/cat`, 3);
      await writePictures(`${cwd}/data/dog`, 3);
      const paper = ["--time-conditioning", "token", "--self-conditioning", "both"];
      const drop = ["--dropout", "0.1", "--drop-path", "0.1", "--block-depth", "1,2"];
      const some = TINY.filter((_, i) =>
        TINY[i] !== "--num-blocks" && TINY[i - 1] !== "--num-blocks"
      );
      const options = ["--data", "data", "--labels", "auto", "--steps", "2", "--out", "run"];
      const trained = await rin(["train", ...some, ...options, ...paper, ...drop], { cwd });
      assertEquals(trained.code, 0, trained.stderr);
      const { config, training } = readCheckpoint(
        await Deno.readFile(`${cwd}/run/last.safetensors`),
      );
      assertEquals([config.numClasses, config.numBlocks, config.blockDepth], [2, 2, [1, 2]]);
      assertEquals(training!.classNames, ["cat", "dog"]);
      const sampled = (out: string, ...flags: string[]) =>
        rin(
          ["sample", "--checkpoint", "run", "--count", "2", "--steps", "2", "--out", out, ...flags],
          { cwd },
        );
      const dogs = await sampled("dogs.png", "--class", "dog", "--guidance", "2");
      assertEquals(dogs.code, 0, dogs.stderr);
      assertEquals((await sampled("same.png", "--class", "1", "--guidance", "2")).code, 0);
      const bytes = (name: string) => Deno.readFile(`${cwd}/${name}`);
      assertEquals(await bytes("dogs.png"), await bytes("same.png"));
      assertEquals((await sampled("cats.png", "--class", "cat,dog")).code, 0);
      assert((await bytes("cats.png")).join() !== (await bytes("dogs.png")).join());
      const wide = ["sample", "--checkpoint", "run", "--steps", "1", "--out", "wide.png"];
      const grid = await rin([...wide, "--class", "cat,dog,cat"], { cwd });
      assertStringIncludes(grid.stdout, "a grid of 18 images", "six rows of three");
      const { width, height } = pngSize(await bytes("wide.png"));
      const cell = lettering("cat").length;
      assertEquals([width, height], [3 * (cell + 2) + 2, 6 * (16 + 9 + 2) + 2], "with their names");
      // A tar has each class beside its image, and resumes if one is missing.
      assertEquals((await sampled("a.tar", "--class", "cat,dog")).code, 0);
      const tar = await bytes("a.tar");
      await Deno.writeFile(`${cwd}/b.tar.partial`, tar);
      const reader = await TarWriter.open(`${cwd}/b.tar`);
      const entries = await Array.fromAsync(reader.entries());
      reader.close();
      assertEquals(entries.map(({ name, bytes }) => [name, ...name.endsWith("cls") ? bytes : []]), [
        ["000000.png"],
        ["000000.cls", "0".charCodeAt(0)],
        ["000001.png"],
        ["000001.cls", "1".charCodeAt(0)],
      ]);
      // Two blocks end the archive, and two are the last class.
      await Deno.writeFile(`${cwd}/b.tar.partial`, tar.subarray(0, -3 * 512));
      const goneOn = await sampled("b.tar", "--class", "cat,dog");
      assertStringIncludes(goneOn.stderr, "Continuing after 2 of 2 images");
      assertEquals(await bytes("b.tar"), tar);
      // An export keeps the names.
      const f32 = ["export", "run", "--dtype", "f32", "--out", "net.safetensors"];
      assertEquals((await rin(f32, { cwd })).code, 0);
      const net = ["--checkpoint", "net.safetensors", "--class", "dog", "--guidance", "2"];
      assertEquals((await sampled("again.png", ...net)).code, 0);
      assertEquals(await bytes("again.png"), await bytes("dogs.png"));
      const wrong = complaint(await sampled("no.png", "--class", "dgo"));
      assertStringIncludes(wrong, 'There is no class "dgo": did you mean dog?');
      assertStringIncludes(
        complaint(await sampled("no.png", "--class", "2")),
        "classes are cat, dog",
      );
    }),
});
