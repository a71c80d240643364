import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { PartialFile } from "../../cli/files/partial_file.ts";
import { FileError } from "../../src/files/errors.ts";
import { folderOf, linkFile, syncFile, writeFile } from "../../src/files/write_file.ts";
import { withFolder } from "../data/scratch.ts";
import { diskCalls } from "../helpers/disk_calls.ts";
import { complaint, lastStep, rin, TINY, writePictures } from "./rin.ts";

Deno.test("writeFile() replaces a file, and leaves nothing beside it", async () => {
  await withFolder(async (folder) => {
    await writeFile(`${folder}/a`, "one");
    await writeFile(`${folder}/a`, new Uint8Array([50]));
    assertEquals(await Deno.readTextFile(`${folder}/a`), "2");
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  });
});

Deno.test("linkFile() gives a file's place to another name, which outlives the first", async () => {
  await withFolder(async (folder) => {
    const [a, b] = [`${folder}/a`, `${folder}/b`];
    await writeFile(a, "one");
    await writeFile(b, "two");
    // The second time both are names of one file, which rename leaves as they are.
    for (let i = 0; i < 2; i++) assertEquals(await linkFile(a, b), true);
    assertEquals((await Deno.stat(a)).ino, (await Deno.stat(b)).ino);
    await writeFile(a, "three", { names: "one" });
    assertEquals(await Deno.readTextFile(b), "one");
    assertEquals([...Deno.readDirSync(folder)].length, 2);
    assertEquals(await linkFile(`${folder}/none`, b), false);
    await Deno.mkdir(`${folder}/taken`);
    await assertRejects(() => linkFile(a, `${folder}/taken`), FileError, "it is a folder");
    assertEquals([...Deno.readDirSync(folder)].length, 3);
  });
});

Deno.test("writeFile() syncs the bytes before the name, and the name before it returns", async () => {
  await withFolder(async (folder) => {
    const [run, a, b] = [`${folder}/run`, `${folder}/run/a`, `${folder}/run/b`];
    await Deno.mkdir(run);
    const calls = [["sync a.tmp", "rename a", "sync run"], ["rename b", "sync run"], [
      "sync a",
      "sync run",
    ]];
    assertEquals(await diskCalls(() => writeFile(a, "one")), calls[0]);
    assertEquals(await diskCalls(() => linkFile(a, b)), calls[1]);
    assertEquals(await diskCalls(() => syncFile(a)), calls[2]);
  });
});

Deno.test({
  name: "writeFile() follows links, keeps a file's mode and names, and writes into devices",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const at = (name: string) => `${folder}/${name}`;
      await Deno.mkdir(at("far"));
      await Deno.writeTextFile(at("far/file"), "old");
      await Deno.chmod(at("far/file"), 0o600);
      await Deno.symlink("far/file", at("near"));
      await Deno.symlink(at("near"), at("link"));
      await writeFile(at("link"), "new");
      assertEquals(await Deno.readLink(at("link")), at("near"));
      assertEquals(await Deno.readTextFile(at("far/file")), "new");
      assertEquals((await Deno.stat(at("far/file"))).mode! & 0o777, 0o600);
      // One that leads nowhere yet.
      await Deno.symlink("far/none", at("dangling"));
      await writeFile(at("dangling"), "made");
      assertEquals(await Deno.readTextFile(at("far/none")), "made");
      // Two that lead to each other.
      await Deno.symlink("b", at("a"));
      await Deno.symlink("a", at("b"));
      await assertRejects(() => writeFile(at("a"), "x"), FileError);

      await Deno.writeTextFile(at("one"), "longer than before");
      await Deno.link(at("one"), at("two"));
      await writeFile(at("one"), "both");
      assertEquals(await Deno.readTextFile(at("two")), "both");
      await writeFile(at("one"), "one", { names: "one" });
      assertEquals(await Deno.readTextFile(at("two")), "both");

      await new Deno.Command("mkfifo", { args: [at("fifo")] }).output();
      await Deno.symlink("fifo", at("pipe"));
      const read = new Deno.Command("timeout", { args: ["9", "cat", at("fifo")] }).output();
      await writeFile(at("pipe"), "through");
      assertEquals(new TextDecoder().decode((await read).stdout), "through");
      assertEquals((await Deno.lstat(at("fifo"))).isFifo, true);
      await Deno.symlink("/dev/null", at("null"));
      await writeFile(at("null"), "gone");
      assertEquals((await Deno.stat("/dev/null")).isCharDevice, true);
      const left = [...Deno.readDirSync(folder), ...Deno.readDirSync(at("far"))];
      assertEquals(left.filter(({ name }) => name.endsWith(".tmp")), []);
    }),
});

Deno.test({
  name: "linkFile() keeps the best checkpoint apart from a last one that links to another folder",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const [best, last] = [`${folder}/best`, `${folder}/last`];
      await Deno.mkdir(`${folder}/far`);
      await Deno.symlink("far/last", last);
      await writeFile(best, "one");
      assertEquals(await linkFile(best, last), true);
      assertEquals(await Deno.readLink(last), "far/last");
      assertEquals(await Deno.readTextFile(`${folder}/far/last`), "one");
      // A file that others must not read stays so.
      await writeFile(`${folder}/secret`, "old");
      await Deno.chmod(`${folder}/secret`, 0o600);
      assertEquals(await linkFile(best, `${folder}/secret`), false);
    }),
});

Deno.test({
  name: "PartialFile follows a link for archives and prepared images, too",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/far`);
      await Deno.writeTextFile(`${folder}/far/a`, "old");
      await Deno.chmod(`${folder}/far/a`, 0o640);
      await Deno.symlink("far/a", `${folder}/a`);
      const file = await PartialFile.open(`${folder}/a`);
      await file.write(new TextEncoder().encode("whole"));
      await file.finish();
      assertEquals(await Deno.readTextFile(`${folder}/far/a`), "whole");
      assertEquals((await Deno.lstat(`${folder}/a`)).isSymlink, true);
      assertEquals((await Deno.stat(`${folder}/a`)).mode! & 0o777, 0o640);
      assertEquals([...Deno.readDirSync(`${folder}/far`)].length, 1);
    }),
});

Deno.test("writeFile() says why it can't write", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await Deno.mkdir(`${folder}/taken`);
    const fails = async (path: string, why: string) => {
      const thrown = await assertRejects(() => writeFile(path, "x"), FileError);
      assertStringIncludes(thrown.message, `Cannot write ${path}: ${why}`);
    };
    await fails(`${folder}/none/a`, "there is no such file or folder");
    await fails(`${folder}/file/a`, "a part of its path is a file");
    await fails(`${folder}/taken`, "it is a folder");
    assertEquals([...Deno.readDirSync(folder)].length, 2);
  });
});

Deno.test("folderOf() gives the folder of a path", () => {
  assertEquals(["a", "b/a", "/a", "b/c/a"].map(folderOf), [".", "b", "/", "b/c"]);
});

/** Mounts a small file system; undefined where that isn't allowed. */
async function smallDisk(kilobytes: number): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const folder = await Deno.makeTempDir();
  if (await mount("-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", folder)) return folder;
  await Deno.remove(folder);
}

async function mount(...args: string[]): Promise<boolean> {
  const command = new Deno.Command("mount", { args, stdout: "null", stderr: "null" });
  return await command.output().then(({ success }) => success, () => false);
}

async function unmount(folder: string): Promise<void> {
  await new Deno.Command("umount", { args: [folder] }).output();
  await Deno.remove(folder);
}

const probe = await smallDisk(64);
if (probe) await unmount(probe);

Deno.test({
  name: "writeFile() writes into a file that is mounted by itself",
  ignore: probe === undefined,
  fn: () =>
    withFolder(async (folder) => {
      const [outside, inside] = [`${folder}/outside`, `${folder}/inside`];
      await Deno.writeTextFile(outside, "longer than the new one");
      await Deno.writeTextFile(inside, "");
      if (!await mount("--bind", outside, inside)) return;
      try {
        await writeFile(inside, "new");
        assertEquals(await Deno.readTextFile(outside), "new");
        assertEquals([...Deno.readDirSync(folder)].length, 2);
      } finally {
        await new Deno.Command("umount", { args: [inside] }).output();
      }
    }),
});

/** A run of two steps on a disk that holds its checkpoints and little more; then `spoil`. */
function diskTest(name: string, why: string, spoil: (disk: string) => Promise<unknown>): void {
  Deno.test({
    name: `rin train ends with one sentence and keeps the old checkpoint on ${name}`,
    ignore: probe === undefined,
    fn: () =>
      withFolder(async (cwd) => {
        const disk = (await smallDisk(1500))!;
        try {
          await writePictures(`${cwd}/pictures`, 5);
          const out = `${disk}/run`;
          const args = ["--data", "pictures", "--steps", "2", "--out", out, "--quiet"];
          assertEquals((await rin(["train", ...TINY, ...args], { cwd })).code, 0);
          const before = await Deno.readFile(`${out}/last.safetensors`);
          await spoil(disk);
          const resumed = await rin(["train", "--resume", out, "--steps", "9", "--quiet"], { cwd });
          assertStringIncludes(complaint(resumed), `Cannot write ${out}/`);
          assertStringIncludes(complaint(resumed), why);
          assertEquals(await Deno.readFile(`${out}/last.safetensors`), before);
          assertEquals(await lastStep(out), 2);
        } finally {
          await unmount(disk);
        }
      }),
  });
}

diskTest("a full disk", "the disk is full", (disk) => fillUp(`${disk}/rest`, 20_000));

diskTest(
  "a read-only disk",
  "the file system is read-only",
  (disk) => mount("-o", "remount,ro", disk),
);

/** Leaves only so many bytes. */
async function fillUp(path: string, left: number): Promise<void> {
  try {
    for (;;) await Deno.writeFile(path, new Uint8Array(10_000), { append: true });
  } catch {
    await Deno.truncate(path, (await Deno.stat(path)).size - left);
  }
}
