import { assertEquals, assertRejects } from "@std/assert";
import { CommandError } from "../../cli/errors.ts";
import { FileError } from "../../src/files/errors.ts";
import { type TarEntry, TarWriter } from "../../cli/files/tar_writer.ts";
import { withFolder } from "../data/scratch.ts";

const BLOCK = 512;

/** Names of numbers, contents around the size of a block. */
const entries: readonly TarEntry[] = [0, 1, 511, 512, 513, 3000].map((size, i) => ({
  name: `00000${i}.png`,
  bytes: Uint8Array.from({ length: size }, (_, k) => (i * 40 + k) % 251),
}));

async function there(writer: TarWriter): Promise<TarEntry[]> {
  return await Array.fromAsync(writer.entries());
}

async function write(path: string, ...parts: (readonly TarEntry[])[]): Promise<void> {
  let done = 0;
  for (const [i, part] of parts.entries()) {
    const writer = await TarWriter.open(path);
    assertEquals(await there(writer), entries.slice(0, done));
    for (const entry of part) await writer.add(entry);
    done += part.length;
    if (i < parts.length - 1) writer.close();
    else await writer.finish();
  }
}

Deno.test("TarWriter writes the same file after a stop", async () => {
  await withFolder(async (folder) => {
    const [whole, stopped] = [`${folder}/a.tar`, `${folder}/b.tar`];
    await write(whole, entries);
    await write(stopped, entries.slice(0, 2), [], entries.slice(2, 5), entries.slice(5));
    const bytes = await Deno.readFile(whole);
    assertEquals(await Deno.readFile(stopped), bytes);
    assertEquals([...Deno.readDirSync(folder)].length, 2, "nothing is left beside them");
    const blocks = entries.reduce((sum, e) => sum + 1 + Math.ceil(e.bytes.length / BLOCK), 2);
    assertEquals(bytes.length, blocks * BLOCK);
  });
});

Deno.test("TarWriter resumes a file that was cut anywhere, from its last whole entry", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a.tar`;
    await write(path, entries);
    const bytes = await Deno.readFile(path);
    // Within a header, between header and content, within content, its padding, and at the end.
    const cuts = [[0, 0], [100, 0], [512, 1], [1024, 1], [1030, 1], [1536, 2], [2600, 3]];
    for (const [cut, whole] of [...cuts, [bytes.length - 512, entries.length]]) {
      await Deno.writeFile(`${path}.partial`, bytes.subarray(0, cut));
      const writer = await TarWriter.open(path);
      assertEquals((await there(writer)).length, whole, `cut at ${cut}`);
      for (const entry of entries.slice(whole)) await writer.add(entry);
      await writer.finish();
      assertEquals(await Deno.readFile(path), bytes, `cut at ${cut}`);
    }
  });
});

Deno.test("TarWriter adds nothing to a file that it did not write", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/a.tar`;
    await Deno.writeFile(`${path}.partial`, new Uint8Array(2048).fill(65));
    const writer = await TarWriter.open(path);
    await assertRejects(() => there(writer), CommandError, "is not an archive of rin sample");
    writer.close();
    assertEquals((await Deno.readFile(`${path}.partial`)).length, 2048, "and leaves it alone");
    await assertRejects(
      () => TarWriter.open(`${folder}/none/a.tar`),
      FileError,
      "no such file or folder",
    );
  });
});

Deno.test("TarWriter writes files that the system's tar reads", async () => {
  const found = await new Deno.Command("tar", { args: ["--version"] }).output().catch(() => {});
  if (!found?.success) throw new Error("There is no tar on this system to read it with");
  await withFolder(async (folder) => {
    await write(`${folder}/a.tar`, entries);
    const command = new Deno.Command("tar", { args: ["-xf", "a.tar"], cwd: folder });
    const { success, stderr } = await command.output();
    assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
    for (const { name, bytes } of entries) {
      assertEquals(await Deno.readFile(`${folder}/${name}`), bytes);
    }
  });
});

Deno.test("TarWriter leaves a file alone that another one is writing", async () => {
  await withFolder(async (folder) => {
    const writer = await TarWriter.open(`${folder}/a.tar`);
    await writer.add(entries[2]);
    const sentence = "another process is writing it";
    await assertRejects(() => TarWriter.open(`${folder}/a.tar`, true), CommandError, sentence);
    await writer.finish();
    assertEquals((await Deno.stat(`${folder}/a.tar`)).size, 4 * BLOCK);
  });
});
