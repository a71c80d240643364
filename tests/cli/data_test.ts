import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withFolder, write } from "../data/scratch.ts";
import { complaint, lastStep, metrics, rin, TINY, writePictures } from "./rin.ts";

Deno.test("rin data prepare decodes into one file, and rin data check finds damage in it", async () => {
  await withFolder(async (cwd) => {
    await writePictures(`${cwd}/pictures`, 9);
    await write(`${cwd}/pictures/broken.png`, "not a picture");
    const args = ["data", "prepare", "pictures", "--image-size", "16"];
    const { code, stdout, stderr } = await rin(args, { cwd });
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "pictures-16px.rindata: 9 images of 16x16, ");
    assertStringIncludes(stdout, "1 files left out");
    assertStringIncludes(stderr, "Skipped broken.png: ");
    assertStringIncludes(stderr, "rin train --data pictures-16px.rindata --image-size 16");
    const file = `${cwd}/pictures-16px.rindata`;
    const checked = await rin(["data", "check", file, "--quiet"], { cwd });
    assertEquals([checked.code, checked.stderr], [0, ""]);
    assertStringIncludes(checked.stdout, "every image matches its hash");
    const bytes = await Deno.readFile(file);
    bytes[1000] ^= 1;
    await Deno.writeFile(file, bytes);
    const found = complaint(await rin(["data", "check", file, "--quiet"], { cwd }));
    assertStringIncludes(found, "images 0 to 8 of 9");
  });
});

Deno.test("rin data refuses what it can't do in one sentence", async () => {
  await withFolder(async (cwd) => {
    await writePictures(`${cwd}/pictures`, 1);
    await write(`${cwd}/notes.txt`, "hello, this is not a picture");
    const usage = async (...args: string[]) => complaint(await rin(["data", ...args], { cwd }), 2);
    assertStringIncludes(await usage(), "Give prepare SOURCE or check FILE");
    assertStringIncludes(await usage("list", "x"), "Give prepare SOURCE or check FILE");
    assertStringIncludes(await usage("prepare"), "takes one source: found 0");
    const fails = async (...args: string[]) => complaint(await rin(["data", ...args], { cwd }));
    assertStringIncludes(await fails("check", "nothing"), "Cannot open nothing");
    assertStringIncludes(await fails("check", "notes.txt"), "notes.txt");
    assertStringIncludes(
      await fails("prepare", "pictures", "--out", "notes.txt"),
      "the file there was not made by this command",
    );
    await Deno.mkdir(`${cwd}/empty`);
    assertStringIncludes(await fails("prepare", "empty"), "no PNG, JPEG");
    assertStringIncludes(await fails("prepare", ".", "--image-size", "0"), "image size 0");
  });
});

Deno.test({
  name: "rin train gives the same bits from a prepared file and from the folder",
  fn: () =>
    withFolder(async (cwd) => {
      await writePictures(`${cwd}/pictures`, 40);
      const crop = ["--crop-scale", "1.25", "--flip", "--steps", "4", "--quiet"];
      const run = (data: string, out: string) =>
        rin(["train", ...TINY, "--data", data, "--out", out, ...crop], { cwd });
      const prepared = ["data", "prepare", "pictures", "--image-size", "20", "--out", "p.rindata"];
      assertEquals((await rin([...prepared, "--quiet"], { cwd })).code, 0);
      for (const [data, out] of [["pictures", "a"], ["p.rindata", "b"], ["pictures", "c"]]) {
        const { code, stderr } = await run(data, out);
        assertEquals([code, stderr], [0, ""]);
      }
      const steps = async (out: string) =>
        (await metrics(`${cwd}/${out}`)).filter(({ loss }) => loss !== undefined)
          .map(({ loss, gradientNorm }) => [loss, gradientNorm]);
      assertEquals(await steps("b"), await steps("a"));
      assertEquals(await steps("c"), await steps("a"));
      assertEquals(await lastStep(`${cwd}/b`), 4);
      const { stderr, code } = await rin(
        ["train", ...TINY, "--data", "p.rindata", "--steps", "1"],
        { cwd },
      );
      assert(code === 1 && stderr.includes("prepared at 20"), stderr);
    }),
});
