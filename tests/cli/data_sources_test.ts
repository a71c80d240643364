// What rin sample writes is data, and a table of classes decides what a run is.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { PreparedFile } from "../../src/data/prepared_file.ts";
import { withFolder, write } from "../data/scratch.ts";
import { smallNet } from "../helpers/small_net.ts";
import { complaint, rin, TINY, writePictures } from "./rin.ts";

/** Runs a command that succeeds; what it said. */
async function said(cwd: string, ...args: string[]): Promise<string> {
  const { code, stderr } = await rin(args, { cwd });
  assertEquals(code, 0, stderr);
  return stderr;
}

Deno.test("rin train reads the same pictures and classes from a folder, an .npz, and a .tar", async () => {
  await withFolder(async (cwd) => {
    await write(`${cwd}/net.safetensors`, smallNet(1, { numClasses: 3 }));
    const sample = ["sample", "net.safetensors", "--steps", "2", "--class", "0..2"];
    const found: unknown[] = [];
    for (const out of ["x.npz", "x.tar", "x"]) {
      await said(cwd, ...sample, "--count", "6", "--seed", "5", "--out", out);
      const prepare = ["data", "prepare", out, "--image-size", "16", "--out", `${out}.rindata`];
      const notes = await said(cwd, ...prepare);
      if (out === "x.npz") {
        assertStringIncludes(notes, "Using arr_0 (6, 16, 16, 3) as the pictures and arr_1 as");
      }
      const file = await PreparedFile.open(`${cwd}/${out}.rindata`);
      found.push([file.footer.hashes, out === "x" ? undefined : file.footer.labels]);
      file.close();
    }
    const [first, second, third] = found as [unknown, unknown][];
    assertEquals(second, first);
    assertEquals(third[0], first[0]);
    const labels = first[1] as { values: Uint32Array; classNames: string[] };
    assertEquals([[...labels.values], labels.classNames], [[0, 1, 2, 0, 1, 2], ["0", "1", "2"]]);
  });
});

Deno.test("rin train resumes only with the table of classes that it started with", async () => {
  await withFolder(async (cwd) => {
    await writePictures(`${cwd}/pictures`, 4);
    await write(`${cwd}/t.csv`, "file,class\n0.png,a\n1.png,b\n2.png,a\n9.png,b\n");
    const train = ["train", ...TINY, "--data", "pictures", "--labels", "t.csv", "--steps", "1"];
    const notes = await said(cwd, ...train, "--out", "r");
    assertStringIncludes(
      notes,
      "t.csv: 1 pictures have no class and are left out; 1 rows name no picture",
    );
    assertStringIncludes(notes, "Images: 3 (");
    await write(`${cwd}/t.csv`, "file,class\n0.png,b\n1.png,b\n2.png,a\n");
    const resume = ["train", "--resume", "r", "--steps", "2"];
    assertStringIncludes(complaint(await rin(resume, { cwd })), "its classes changed");
    await write(`${cwd}/t.csv`, "2.png,a\n0.png,a\n1.png,b\n");
    await said(cwd, ...resume, "--quiet");
  });
});
