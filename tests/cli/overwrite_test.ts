// What is there stays: files that rin did not make, or made with other settings, without --force.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { withFolder, write } from "../data/scratch.ts";
import { smallNet } from "../helpers/small_net.ts";
import { complaint, rin, TINY, writePictures } from "./rin.ts";

const fixtures = fileURLToPath(new URL("../model/pytorch/fixtures", import.meta.url));

function overwriteTest(name: string, fn: (cwd: string) => Promise<void>): void {
  Deno.test({
    name: `overwriting: ${name}`,
    fn: () =>
      withFolder(async (cwd) => {
        await write(`${cwd}/net.safetensors`, smallNet(1));
        await fn(cwd);
      }),
  });
}

const FOREIGN =
  "the file there was not made by this command; choose another --out, or replace it with";
const OTHER =
  "rin made what is there with other settings; choose another --out, or replace it with";

/** Runs a command that is to be refused, of a file that is to stay; then forces it. */
async function refused(cwd: string, args: string[], file: string, why: string): Promise<void> {
  const before = await Deno.readFile(`${cwd}/${file}`);
  const found = complaint(await rin(args, { cwd }));
  assertStringIncludes(found, `Cannot write ${file}: ${why} --force`);
  assertEquals(await Deno.readFile(`${cwd}/${file}`), before);
  const forced = await rin([...args, "--force"], { cwd });
  assertEquals(forced.code, 0, forced.stderr);
  assert(await Deno.readTextFile(`${cwd}/${file}`) !== new TextDecoder().decode(before));
}

async function works(cwd: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await rin(args, { cwd });
  assertEquals(code, 0, stderr);
  return stdout;
}

const draw = (out: string, ...more: string[]) => [
  ...["sample", "--checkpoint", "net.safetensors", "--steps", "1", "--count", "2"],
  ...["--out", out, ...more],
];

for (const out of ["a.png", "a.gif", "a.apng", "a.npz", "a.tar"]) {
  overwriteTest(
    `rin sample replaces its own ${out}, and keeps that of another seed`,
    async (cwd) => {
      await write(`${cwd}/${out}`, "This took me a week.");
      await refused(cwd, draw(out), out, FOREIGN);
      const made = await Deno.readFile(`${cwd}/${out}`);
      await works(cwd, draw(out));
      assertEquals(await Deno.readFile(`${cwd}/${out}`), made);
      await refused(cwd, draw(out, "--seed", "1"), out, OTHER);
      const shown = [...Deno.readDirSync(cwd)].filter(({ name }) => !name.startsWith("."));
      assertEquals(shown.length, 2);
    },
  );
}

overwriteTest(
  "rin sample replaces its own numbered pictures, and keeps those of another seed",
  async (cwd) => {
    await writePictures(`${cwd}/own`, 1);
    await Deno.rename(`${cwd}/own/0.png`, `${cwd}/own/000001.png`);
    await refused(cwd, draw("own"), "own/000001.png", FOREIGN);
    await refused(cwd, draw("own", "--seed", "1"), "own/000000.png", OTHER);
    // A picture that is cut off is made again where it is the beginning of the same one.
    const whole = await Deno.readFile(`${cwd}/own/000001.png`);
    await write(`${cwd}/own/000001.png`, whole.subarray(0, 60));
    await works(cwd, draw("own", "--seed", "1"));
    assertEquals(await Deno.readFile(`${cwd}/own/000001.png`), whole);
    await writePictures(`${cwd}/data`, 1);
    assertStringIncludes(
      complaint(await rin(draw("data"), { cwd })),
      "Cannot write samples into data: it holds pictures that rin did not make, such as 0.png",
    );
    await write(`${cwd}/own/000001.png`, whole.map((byte, i) => i < 8 ? byte : 1).subarray(0, 60));
    await refused(cwd, draw("own", "--seed", "1"), "own/000001.png", FOREIGN);
  },
);

overwriteTest("rin sample takes another name for another seed without --out", async (cwd) => {
  const [given] = [draw("x").slice(0, -2)];
  assertStringIncludes(await works(cwd, given), "to samples.png");
  assertStringIncludes(await works(cwd, [...given, "--seed", "1"]), "to samples-2.png");
  assertStringIncludes(await works(cwd, given), "to samples.png");
});

overwriteTest(
  "rin sample writes no grid over many images, but fills an empty file",
  async (cwd) => {
    const many = await rin(draw("a.png", "--count", "1000000"), { cwd });
    assertStringIncludes(
      complaint(many, 2),
      "Cannot draw 1000000 images into the one picture a.png: at most 4096 fit; give a folder",
    );
    await write(`${cwd}/a.png`, "");
    await works(cwd, draw("a.png"));
  },
);

overwriteTest("rin import and export keep a foreign checkpoint beside the file", async (cwd) => {
  await Deno.copyFile(`${fixtures}/lightning.ckpt`, `${cwd}/model.ckpt`);
  await write(`${cwd}/model.safetensors`, "Not of rin.");
  const convert = ["import", "model.ckpt", "--num-heads"];
  await refused(cwd, [...convert, "2"], "model.safetensors", FOREIGN);
  await works(cwd, [...convert, "2"]);
  await refused(cwd, [...convert, "1"], "model.safetensors", OTHER);
  await write(`${cwd}/photo.png`, "A photo.");
  const small = ["export", "net.safetensors", "--out"];
  await refused(cwd, [...small, "photo.png"], "photo.png", FOREIGN);
  await works(cwd, [...small, "photo.png"]);
  await refused(cwd, ["export", "model.safetensors", "--out", "photo.png"], "photo.png", OTHER);
  // Under its own name the export of a checkpoint follows it.
  await works(cwd, ["export", "net.safetensors"]);
  await write(`${cwd}/net.safetensors`, smallNet(2));
  await works(cwd, ["export", "net.safetensors"]);
});

overwriteTest("rin page replaces its own page, also that of another network", async (cwd) => {
  await write(`${cwd}/site/index.html`, "<h1>Hello</h1>");
  const page = ["page", "--checkpoint", "net.safetensors", "--out", "site"];
  await refused(cwd, page, "site/index.html", FOREIGN);
  await write(`${cwd}/net.safetensors`, smallNet(2));
  await works(cwd, page);
  await Deno.copyFile(`${cwd}/net.safetensors`, `${cwd}/b.safetensors`);
  const found = complaint(await rin(page.with(2, "b.safetensors"), { cwd }));
  assertStringIncludes(found, `Cannot write site/checkpoint.safetensors: ${OTHER}`);
});

overwriteTest("rin data prepare keeps folders of one name, and two sizes, apart", async (cwd) => {
  for (const part of ["train", "val"]) await writePictures(`${cwd}/${part}/images`, 3);
  const prepare = (source: string, ...more: string[]) =>
    works(cwd, ["data", "prepare", source, "--image-size", "8", "--quiet", ...more]);
  const first = await prepare("train/images");
  assertStringIncludes(first, "images-8px.rindata: 3 images");
  const other = await prepare("val/images");
  assert(/^images-8px-[0-9a-f]{8}\.rindata: /.test(other), other);
  assertEquals([await prepare("train/images"), await prepare("val/images")], [first, other]);
  const out = ["data", "prepare", "train/images", "--out", "images-8px.rindata", "--quiet"];
  await refused(cwd, [...out, "--image-size", "4"], "images-8px.rindata", OTHER);
  await write(`${cwd}/mine`, "Not of rin.");
  await refused(cwd, out.with(4, "mine"), "mine", FOREIGN);
  // What is printed can be pasted.
  await Deno.rename(`${cwd}/val/images`, `${cwd}/my pictures`);
  const { stderr } = await rin(["data", "prepare", "my pictures", "--image-size", "8"], { cwd });
  assertStringIncludes(stderr, "--data 'my pictures-8px.rindata' --image-size 8");
});

overwriteTest(
  "rin data prepare leaves nothing behind if no picture can be decoded",
  async (cwd) => {
    await write(`${cwd}/pictures/a.png`, "no picture");
    complaint(await rin(["data", "prepare", "pictures"], { cwd }));
    const names = [...Deno.readDirSync(cwd)].map(({ name }) => name).sort();
    assertEquals(names, ["net.safetensors", "pictures"]);
  },
);

overwriteTest(
  "rin train, compare, and eval replace only their own folder, page, and results",
  async (cwd) => {
    await writePictures(`${cwd}/pictures`, 6);
    await write(`${cwd}/busy/config.json`, "mine");
    await write(`${cwd}/busy/notes.txt`, "mine");
    const train = ["train", ...TINY, "--data", "pictures", "--steps", "1", "--quiet", "--out"];
    const found = complaint(await rin([...train, "busy"], { cwd }));
    assertStringIncludes(
      found,
      "Cannot begin a run in busy: its config.json belongs to something else",
    );
    assertStringIncludes(found, "choose another --out, or replace it with --force");
    assertEquals(await Deno.readTextFile(`${cwd}/busy/config.json`), "mine");
    assertEquals([...Deno.readDirSync(`${cwd}/busy`)].length, 2);
    const inData = complaint(await rin([...train, "pictures"], { cwd }));
    assertStringIncludes(inData, "Cannot train in pictures: it is the folder of the data");
    await works(cwd, [...train, "busy", "--force"]);
    assertStringIncludes(
      complaint(await rin([...train, "busy", "--force"], { cwd })),
      "There is a run in busy already",
    );

    const compare = (...more: string[]) => ["compare", ...more, "--out", "c.html"];
    await write(`${cwd}/c.html`, "<h1>Mine</h1>");
    await refused(cwd, compare("busy", "busy"), "c.html", FOREIGN);
    await works(cwd, compare("busy", "busy"));
    await refused(cwd, compare("busy", "busy", "busy"), "c.html", OTHER);

    const measure = (...more: string[]) => [
      ...["eval", "busy", "--count", "0", "--levels", "2", "--quiet", ...more],
    ];
    await works(cwd, measure());
    await works(cwd, measure());
    await works(cwd, measure("--valid-count", "1"));
    const results = [...Deno.readDirSync(`${cwd}/busy`)].map(({ name }) => name)
      .filter((name) => name.startsWith("eval"));
    assertEquals(results.sort(), ["eval-step-1", "eval-step-1-2"]);
    const named = measure("--valid-count", "2", "--out", "busy/eval-step-1");
    await refused(cwd, named, "busy/eval-step-1/eval.json", OTHER);
  },
);
