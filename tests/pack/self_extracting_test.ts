// The self-extracting file, with shell scripts for Deno and the program: how it starts, alone and
// in company, and what it does when something is in its way.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { selfExtracting } from "../../pack/self_extracting.ts";
import { withFolder, write } from "../data/scratch.ts";

const stub = await Deno.readTextFile(new URL("../../pack/stub.sh", import.meta.url));

/** A Deno that counts its first starts, and runs the program (its last but own arguments) with sh. */
const runtime = `#!/bin/sh
if [ "$1" = --version ]; then
  if [ -n "$SLOW" ]; then echo $$ >"$SLOW" && exec sleep 5; fi
  case $0 in *"$NOEXEC"*) exit \${VERSION_CODE:-0} ;; esac
  exit 0
fi
while [ "\${1##*/}" != rin.js ]; do shift; done
exec sh "$@"
`;

/** Prints its arguments and input, then ends as they say. */
const program = `
printf '<%s>' "$@"
echo " $RIN_COMMAND"
case $1 in
  code) exit "$2" ;;
  read) cat ;;
  wait) echo $$ >"$2"; exec sleep 30 ;;
esac
`;

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function make(changes: { program?: string; runtime?: string } = {}) {
  return selfExtracting({
    stub,
    runtime: bytes(changes.runtime ?? runtime),
    program: bytes(changes.program ?? program),
    target: "x86_64-unknown-linux-gnu",
  });
}

const packed = await make();

interface Place {
  /** A folder of the test's own, which is also home and the place for temporary files. */
  folder: string;
  /** The file. */
  rin: string;
  /** Where it unpacks itself. */
  cache: string;
}

function packTest(name: string, run: (place: Place) => Promise<void>): void {
  Deno.test({
    name: `selfExtracting() ${name}`,
    ignore: Deno.build.os === "windows",
    fn: () =>
      withFolder(async (folder) => {
        const rin = `${folder}/rin`;
        await Deno.writeFile(rin, packed, { mode: 0o755 });
        await run({ folder, rin, cache: `${folder}/.cache/rin/program` });
      }),
  });
}

function start(
  { folder, rin }: Pick<Place, "folder" | "rin">,
  args: string[] = [],
  env: Record<string, string> = {},
  stdin: "null" | "piped" = "null",
): Deno.ChildProcess {
  return new Deno.Command(rin, {
    args,
    cwd: folder,
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", HOME: folder, TMPDIR: folder, ...env },
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function end(child: Deno.ChildProcess) {
  const { code, signal, stdout, stderr } = await child.output();
  const text = (output: Uint8Array) => new TextDecoder().decode(output);
  return { code, signal, stdout: text(stdout), stderr: text(stderr) };
}

async function names(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) found.push(name);
  return found.sort();
}

async function versionFolder({ cache }: Place): Promise<string> {
  const [version, ...others] = await names(cache);
  assertEquals(others, []);
  return `${cache}/${version}`;
}

async function until(holds: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("It did not happen within 5 seconds");
}

const greeting = (rin: string) => ({ code: 0, signal: null, stdout: `<> ${rin}\n`, stderr: "" });

packTest("passes arguments, exit code, and standard input through", async (place) => {
  for (
    const [args, code] of [[["code", "7", "a b", "", "--x=*"], 7], [["code", "0"], 0]] as const
  ) {
    const found = await end(start(place, [...args]));
    assertEquals(found.stdout, args.map((arg) => `<${arg}>`).join("") + ` ${place.rin}\n`);
    assertEquals([found.code, found.stderr], [code, ""]);
  }
  const child = start(place, ["read"], {}, "piped");
  const writer = child.stdin.getWriter();
  await writer.write(bytes("one\ntwo"));
  await writer.close();
  assertStringIncludes((await end(child)).stdout, "\none\ntwo");
});

packTest("lets signals reach the program, which is the process that was started", async (place) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const file = `${place.folder}/${signal}`;
    const child = start(place, ["wait", file]);
    await until(async () => (await Deno.readTextFile(file)).endsWith("\n"));
    assertEquals(Number(await Deno.readTextFile(file)), child.pid);
    child.kill(signal);
    assertEquals((await end(child)).signal, signal);
  }
});

packTest(
  "reuses what the first start unpacked, and remakes a part that lost its end",
  async (place) => {
    await end(start(place));
    const folder = await versionFolder(place);
    assertEquals(await names(folder), ["deno", "rin.js", "used"]);
    for (const name of ["deno", "rin.js"]) {
      assertEquals(
        (await Deno.stat(`${folder}/${name}`)).mode! & 0o77,
        0,
      );
    }
    const { ino } = await Deno.stat(`${folder}/deno`);
    assertEquals(await end(start(place)), greeting(place.rin));
    assertEquals((await Deno.stat(`${folder}/deno`)).ino, ino);
    for (const name of ["deno", "rin.js"]) {
      await Deno.truncate(`${folder}/${name}`, 5);
      assertEquals(await end(start(place)), greeting(place.rin));
    }
  },
);

packTest("survives many first starts at once", async (place) => {
  const all = await Promise.all(Array.from({ length: 6 }, () => end(start(place))));
  for (const found of all) assertEquals(found, greeting(place.rin));
  assertEquals(await names(await versionFolder(place)), ["deno", "rin.js", "used"]);
});

packTest("leaves nothing behind after a killed first start", async (place) => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const file = `${place.folder}/${signal}`;
    const child = start(place, [], { SLOW: file });
    await until(async () => (await Deno.readTextFile(file)).endsWith("\n"));
    child.kill(signal);
    Deno.kill(Number(await Deno.readTextFile(file)), "SIGKILL");
    await end(child);
  }
  const folder = await versionFolder(place);
  await Deno.mkdir(`${folder}/new.999999999.abcdef`); // a killed one's
  assertEquals(await end(start(place)), greeting(place.rin));
  await until(async () => (await names(folder)).join() === "deno,rin.js,used");
});

packTest("reports a damaged or truncated file, and leaves nothing", async (place) => {
  const payload = packed.length - bytes(program).length;
  const damage: ((file: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>)[] = [
    (file) => file.with(payload - 40, file[payload - 40] ^ 1), // in Deno
    (file) => file.with(file.length - 3, file.at(-3)! ^ 1), // in the program
    (file) => file.slice(0, -1),
    (file) => file.slice(0, payload),
  ];
  for (const change of damage) {
    await Deno.writeFile(place.rin, change(packed));
    const { code, stdout, stderr } = await end(start(place));
    assertEquals([code, stdout], [1, ""]);
    assertEquals(stderr, `rin: Cannot unpack ${place.rin}: the file is damaged, fetch it again.\n`);
    assertEquals(await names(await versionFolder(place)), []);
  }
});

packTest("removes versions that nobody started for a week", async (place) => {
  await end(start(place));
  const first = await versionFolder(place);
  await Deno.mkdir(`${place.cache}/killed`);
  const next = { ...place, rin: `${place.folder}/next` };
  await Deno.writeFile(next.rin, await make({ program: program + "# 2" }), { mode: 0o755 });
  assertEquals(await end(start(next)), greeting(next.rin));
  assertEquals((await names(place.cache)).length, 3, "the other was used today");
  const old = (Date.now() - 8.1 * 24 * 3600e3) / 1000;
  await Deno.utime(first, old, old);
  await end(start(next));
  assertEquals((await names(place.cache)).length, 3, "the folder is old, its last start is not");
  await Deno.utime(`${first}/used`, old, old);
  await Deno.utime(`${place.cache}/killed`, old, old);
  await end(start(next));
  const [left, ...more] = await names(place.cache);
  assertEquals(more, []);
  assert(!first.endsWith(left));
});

packTest(
  "starts from a path with spaces, through a link, in a read-only folder, and by name",
  async (place) => {
    const folder = `${place.folder}/my programs`;
    await Deno.mkdir(folder);
    await Deno.rename(place.rin, `${folder}/rin`);
    await Deno.symlink("my programs/rin", `${place.folder}/link`);
    await Deno.chmod(folder, 0o555);
    assertEquals(await end(start({ ...place, rin: `${folder}/rin` })), greeting(`${folder}/rin`));
    assertEquals(
      await end(start({ ...place, rin: `${place.folder}/link` })),
      greeting(`${place.folder}/link`),
    );
    const named = { ...place, rin: "rin" };
    const PATH = `${folder}:/usr/bin:/bin`;
    assertEquals(
      await end(start({ ...named, rin: "/usr/bin/env" }, ["rin"], { PATH })),
      greeting("rin"),
    );
    await Deno.chmod(folder, 0o755);
  },
);

packTest(
  "unpacks into RIN_CACHE, XDG_CACHE_HOME, home, or a private temporary folder",
  async (place) => {
    const { folder } = place;
    const cases: [Record<string, string>, string][] = [
      [{ RIN_CACHE: `${folder}/a`, XDG_CACHE_HOME: `${folder}/b` }, "a/program"],
      [{ XDG_CACHE_HOME: `${folder}/b` }, "b/rin/program"],
      [{}, ".cache/rin/program"],
      [{ HOME: "" }, `rin-${Deno.uid()}/program`],
      [{ HOME: "/dev/null/nowhere" }, `rin-${Deno.uid()}/program`],
    ];
    for (const [env, expected] of cases) {
      assertEquals(await end(start(place, [], env)), greeting(place.rin));
      assertEquals((await names(`${folder}/${expected}`)).length, 1, expected);
      await Deno.remove(`${folder}/${expected.split("/")[0]}`, { recursive: true });
    }
    // There, what others could have put there is not started, whatever its size.
    const shared = `${folder}/rin-${Deno.uid()}`;
    await end(start(place, [], { HOME: "" }));
    const distrusted = [() => Deno.chmod(shared, 0o770), () => Deno.chmod(shared, 0o702)];
    if (Deno.uid() === 0) {
      distrusted.push(async () => {
        await Deno.chmod(shared, 0o700);
        await Deno.chown(shared, 65534, 65534);
      });
    }
    for (const distrust of distrusted) {
      await distrust();
      const refused = await end(start(place, [], { HOME: "" }));
      assertEquals([refused.code, refused.stdout], [1, ""]);
      assertStringIncludes(refused.stderr, "set RIN_CACHE to a folder");
    }
  },
);

packTest(
  "takes the next folder if programs may not start there, and says so if none works",
  async (place) => {
    const found = await end(start(place, [], { NOEXEC: "/.cache/", VERSION_CODE: "126" }));
    assertEquals(found, greeting(place.rin));
    assertEquals(
      await names(`${place.folder}/rin-${Deno.uid()}/program`),
      await names(place.cache),
    );
    await Deno.remove(`${place.folder}/rin-${Deno.uid()}`, { recursive: true });
    const none = await end(start(place, [], { NOEXEC: "new.", VERSION_CODE: "126" }));
    assertEquals([none.code, none.stdout], [1, ""]);
    assertEquals(none.stderr.split("\n").length, 2);
    assertStringIncludes(none.stderr, "(they are mounted noexec): set RIN_CACHE");
    const foreign = await end(start(place, [], { NOEXEC: "new.", VERSION_CODE: "127" }));
    assertEquals(
      foreign.stderr,
      "rin: Cannot start here: this rin is made for x86_64-unknown-linux-gnu.\n",
    );
  },
);

packTest("names a program that the system lacks", async (place) => {
  await Deno.mkdir(`${place.folder}/bin`);
  for (const name of ["find", "head", "id", "tail"]) {
    await write(`${place.folder}/bin/${name}`, "");
    await Deno.chmod(`${place.folder}/bin/${name}`, 0o755);
  }
  const { code, stderr } = await end(start(place, [], { PATH: `${place.folder}/bin` }));
  assertEquals([code, stderr], [1, "rin: Cannot start without the program gzip: install it.\n"]);
});
