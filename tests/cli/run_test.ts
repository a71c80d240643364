// What `./run` decides to fetch and to install. It runs in a folder of its own, with stubs in place of
// npm, Deno, apt-get, sudo and ldconfig, and sees no other program but those that a test gives it.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { withFolder, write } from "../data/scratch.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What `run` needs of coreutils. */
const COREUTILS = ["cat", "cksum", "dirname", "env", "ln", "mkdir", "mv", "readlink", "rm", "true"];

/** Each stub writes its name and arguments to the file of calls. */
const LOG = `#!/bin/sh
printf '%s\\n' "\${0##*/} $*" >>"$STUB_FOLDER/calls"
`;

const DENO = `#!/bin/sh
if [ "$1" = --version ]; then echo "deno \${STUB_DENO_VERSION-2.9.6} (stable, release)"; exit; fi
printf '%s\\n' "deno $*" >>"$STUB_FOLDER/calls"
if [ "$1" = install ] && [ -n "\${STUB_DENO_FAILS:-}" ]; then echo "no network" >&2; exit 1; fi
`;

const STUBS: Record<string, string> = {
  deno: DENO,
  // Fetches a stub of Deno that is new enough.
  npm: `${LOG}
if [ -n "\${STUB_NPM_FAILS:-}" ]; then echo "npm error ENOTFOUND" >&2; exit 1; fi
fetched=$3/node_modules/@deno/linux-x64-glibc
mkdir -p "$fetched"
/bin/cp "$STUB_FOLDER/fetched-deno" "$fetched/deno"
`,
  // Knows the packages only after an update.
  "apt-get": `${LOG}
if [ -n "\${STUB_APT_FAILS:-}" ]; then echo "E: no such package" >&2; exit 100; fi
case " $* " in *" update "*) : >"$STUB_FOLDER/updated"; exit ;; esac
[ -e "$STUB_FOLDER/updated" ]
`,
  sudo: `${LOG}
[ -z "\${STUB_SUDO_FAILS:-}" ] || exit 1
shift
exec "$@"
`,
  ldconfig: `${LOG}
[ -z "\${STUB_LOADER:-}" ] || echo "	libvulkan.so.1 (libc6,x86-64) => /lib/libvulkan.so.1"
`,
  uname: `#!/bin/sh
echo "\${STUB_SYSTEM:-Linux}"
`,
  id: `#!/bin/sh
echo "\${STUB_USER:-0}"
`,
};

/** A project with nothing but `run`, and a machine with nothing but some programs. */
interface Machine {
  /** Where all of it lies. */
  readonly folder: string;
  /** Runs `./run` and gives what it called, in order, without the paths of this test. */
  run(args: readonly string[], env?: Record<string, string>): Promise<Ended>;
  /** Writes a file where the system's own lie, such as /usr/share/vulkan/icd.d/a.json. */
  install(path: string): Promise<void>;
}

interface Ended {
  code: number;
  stderr: string;
  calls: string[];
}

/** Makes a machine that has coreutils, `uname`, `id`, and these programs. */
async function withMachine(
  programs: readonly string[],
  test: (machine: Machine) => Promise<void>,
): Promise<void> {
  await withFolder(async (made) => {
    const folder = await Deno.realPath(made);
    const bin = `${folder}/bin`;
    await Deno.mkdir(bin);
    for (const name of COREUTILS) await link(name, bin);
    for (const name of [...programs, "uname", "id"]) {
      if (name in STUBS) await program(`${bin}/${name}`, STUBS[name]);
      else await link(name, bin);
    }
    await program(`${folder}/fetched-deno`, DENO.replace("${STUB_DENO_VERSION-2.9.6}", "2.9.6"));
    await Deno.mkdir(`${folder}/elsewhere`);
    await Deno.copyFile(`${root}deno.json`, await pathIn(`${folder}/project/deno.json`));
    await program(`${folder}/project/run`, inFolder(await Deno.readTextFile(`${root}run`), folder));
    await test({
      folder,
      install: (path) => write(`${folder}/system${path}`, "{}"),
      run: async (args, env = {}) => {
        const { code, stderr } = await new Deno.Command(`${folder}/project/run`, {
          args: [...args],
          cwd: `${folder}/elsewhere`,
          clearEnv: true,
          env: { PATH: bin, HOME: `${folder}/home`, STUB_FOLDER: folder, ...env },
          stdin: "null",
          stdout: "null",
        }).output();
        const calls = await Deno.readTextFile(`${folder}/calls`).catch(() => "");
        await Deno.remove(`${folder}/calls`).catch(() => {});
        return {
          code,
          stderr: new TextDecoder().decode(stderr),
          calls: calls.replaceAll(`${folder}/`, "").split("\n").slice(0, -1),
        };
      },
    });
  });
}

async function program(path: string, text: string): Promise<void> {
  await write(path, text);
  await Deno.chmod(path, 0o755);
}

async function pathIn(path: string): Promise<string> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  return path;
}

/** Gives a folder this machine's own program of a name. */
async function link(name: string, bin: string): Promise<void> {
  for (const folder of ["/usr/bin", "/bin", ...Deno.env.get("PATH")!.split(":")]) {
    const path = `${folder}/${name}`;
    if (await Deno.stat(path).catch(() => undefined)) {
      return await Deno.symlink(path, `${bin}/${name}`);
    }
  }
  throw new Error(`This machine has no ${name}`);
}

/** The script, looking for the system's files in a folder's `system`. */
function inFolder(script: string, folder: string): string {
  const moved = script.replace(/(?<=[\s:])\/(?=usr\/|etc\/|run\/|sbin)/g, `${folder}/system/`);
  assertStringIncludes(moved, `${folder}/system/usr/share/vulkan/icd.d/`);
  return moved;
}

function runTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `./run ${name}`, ignore: Deno.build.os === "windows", fn });
}

const MAIN = "deno run --quiet -A --config project/deno.json project/cli/main.ts";
const ADMIN = ["apt-get", "sudo", "ldconfig"];
const DRIVER = "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json";

const isInstallation = (call: string) => /^(sudo|apt-get)\b/.test(call);

runTest(
  "fetches Deno and the dependencies once, with only coreutils and npm",
  () =>
    withMachine(["npm"], async ({ run }) => {
      const first = await run(["train", "--steps", "3"]);
      assertEquals(first.code, 0, first.stderr);
      assertMatch(
        first.calls[0],
        /^npm install --prefix project\/\.rin\/deno\.\d+ .* deno@2\.9\.6$/,
      );
      assertEquals(first.calls.slice(1), ["deno install --quiet", `${MAIN} train --steps 3`]);
      assertEquals(first.stderr.match(/not found/), null, first.stderr);
      const second = await run(["sample", "--count", "4"]);
      assertEquals(second, { code: 0, stderr: "", calls: [`${MAIN} sample --count 4`] });
    }),
);

runTest(
  "looks for a Vulkan driver, and installs one, only for test",
  () =>
    withMachine(["deno", ...ADMIN], async ({ run }) => {
      const usage = await Deno.readTextFile(`${root}run`);
      const commands = [...usage.matchAll(/^ {2}(\w+) {2,}\w/gm)].map(([, name]) => name);
      for (const name of ["train", "sample", "doctor", "bench", "test"]) {
        assert(commands.includes(name), `${commands}`);
      }
      for (const command of commands) {
        const { code, calls } = await run([command]);
        assertEquals(code, 0);
        assertEquals(calls.some((call) => ADMIN.includes(call.split(" ")[0])), command === "test");
      }
    }),
);

runTest(
  "test installs the driver before it starts, and updates the lists if it must",
  () =>
    withMachine(["deno", ...ADMIN], async ({ run }) => {
      const { code, stderr, calls } = await run(["test", "tests/cli"]);
      assertEquals(code, 0, stderr);
      const [install, update, again, last] = calls.slice(-4);
      assertMatch(install, /^apt-get .*install -y .*libvulkan1 mesa-vulkan-drivers$/);
      assertMatch(update, /^apt-get .*update$/);
      assertEquals([again, last], [install, "deno task --quiet test tests/cli"]);
    }),
);

runTest(
  "test uses sudo without root, and only prints the command if sudo wants a password",
  () =>
    withMachine(["deno", ...ADMIN], async ({ run }) => {
      const told = await run(["test"], { STUB_USER: "1000", STUB_SUDO_FAILS: "1" });
      assertEquals(told.code, 0);
      assertStringIncludes(told.stderr, "sudo apt-get install libvulkan1 mesa-vulkan-drivers");
      assertEquals(told.calls.filter((call) => call.startsWith("apt-get")), []);
      const asked = await run(["test"], { STUB_USER: "1001" });
      const sudo = /^sudo -n env DEBIAN_FRONTEND=noninteractive apt-get .*install -y/;
      assert(asked.calls.some((call) => sudo.test(call)), asked.calls.join("\n"));
    }),
);

runTest(
  "test continues if the driver can't be installed, and doesn't retry at once",
  () =>
    withMachine(["deno", "find", "grep", "tail", ...ADMIN], async ({ run }) => {
      const failed = await run(["test"], { STUB_APT_FAILS: "1" });
      assertEquals([failed.code, failed.calls.at(-1)], [0, "deno task --quiet test"]);
      assertStringIncludes(failed.stderr, "apt-get install libvulkan1 mesa-vulkan-drivers");
      assertStringIncludes(failed.stderr, "(E: no such package)");
      const again = await run(["test"]);
      assertEquals([again.stderr, again.calls.filter(isInstallation)], ["", []]);
    }),
);

runTest(
  "test takes an installed driver",
  () =>
    withMachine(["deno", ...ADMIN], async ({ run, install }) => {
      const present = async (env: Record<string, string>) => {
        const { calls } = await run(["test"], env);
        return !calls.some(isInstallation);
      };
      assert(await present({ STUB_LOADER: "1", VK_DRIVER_FILES: "/a.json", STUB_USER: "1" }));
      assert(!await present({ VK_DRIVER_FILES: "/a.json", STUB_USER: "2" }), "there is no loader");
      assert(!await present({ STUB_LOADER: "1", STUB_USER: "3" }), "there is no driver");
      await install(DRIVER);
      assert(await present({ STUB_LOADER: "1", STUB_USER: "4" }));
      assert(!await present({ STUB_USER: "5" }), "there is no loader");
      await install("/usr/lib/x86_64-linux-gnu/libvulkan.so.1");
      assert(await present({ STUB_USER: "6" }));
    }),
);

runTest(
  "test says what is missing without apt-get, and nothing on macOS",
  () =>
    withMachine(["deno"], async ({ run }) => {
      const mac = await run(["test"], { STUB_SYSTEM: "Darwin" });
      assertEquals([mac.code, mac.stderr.match(/Vulkan/)], [0, null]);
      const linux = await run(["test"]);
      assertEquals([linux.code, linux.calls], [0, ["deno task --quiet test"]]);
      assertStringIncludes(linux.stderr, "install this system's Vulkan loader");
      assertEquals(linux.stderr.match(/not found/), null, linux.stderr);
    }),
);

runTest("skips a Deno that is too old, and takes one that is new enough", async () => {
  const isTaken = async (version: string) => {
    let fetched = false;
    await withMachine(["deno", "npm"], async ({ run }) => {
      const { code, calls, stderr } = await run(["info"], { STUB_DENO_VERSION: version });
      assertEquals(code, 0, stderr);
      fetched = calls[0].startsWith("npm install");
    });
    return !fetched;
  };
  for (const version of ["1.46.3", "2.8.9", "0.42.0", ""]) assert(!await isTaken(version), version);
  for (const version of ["2.9.0", "2.10.1", "3.0.0", "10.0.0"]) {
    assert(await isTaken(version), version);
  }
});

runTest("explains a failed fetch in one sentence, and retries the next time", async () => {
  await withMachine([], async ({ run }) => {
    const { code, stderr } = await run(["train"]);
    assertEquals(code, 1);
    assertMatch(stderr, /^rin: Cannot find Deno 2\.9 or newer, nor npm .*\n$/);
  });
  await withMachine(["npm"], async ({ run }) => {
    const npm = await run(["train"], { STUB_NPM_FAILS: "1" });
    assertEquals(npm.code, 1);
    assertMatch(npm.stderr, /rin: Cannot fetch Deno .*npm said: npm error ENOTFOUND\n$/);
    const dependencies = await run(["train"], { STUB_DENO_FAILS: "1" });
    assertEquals(dependencies.code, 1);
    assertMatch(dependencies.stderr, /rin: Cannot fetch the dependencies.*said: no network\n$/);
    assertEquals((await run(["train"])).calls, ["deno install --quiet", `${MAIN} train`]);
  });
});

runTest("answers an unknown command with its usage", () =>
  withMachine(["npm"], async ({ run }) => {
    for (const command of ["trian", "t.*n", "*"]) {
      const { code, stderr, calls } = await run([command]);
      assertEquals([code, calls], [2, []]);
      assertStringIncludes(stderr, `there is no command '${command}'`);
      assertStringIncludes(stderr, "Usage: ./run COMMAND");
    }
  }));

runTest(
  "knows completions, the version, and every task of deno.json",
  () =>
    withMachine(["deno", ...ADMIN], async ({ run }) => {
      await run(["info"]); // fetches the dependencies
      for (const args of [["completions", "bash"], ["--version"], ["-V"], ["version"]]) {
        assertEquals((await run(args)).calls, [`${MAIN} ${args.join(" ")}`]);
      }
      const { tasks } = JSON.parse(await Deno.readTextFile(`${root}deno.json`));
      for (const [name, line] of Object.entries<string>(tasks)) {
        const { code, calls, stderr } = await run([name]);
        assertEquals(code, 0, stderr);
        const main = line.startsWith("deno run -A cli/main.ts");
        assertEquals(calls.at(-1), main ? `${MAIN} ${name}` : `deno task --quiet ${name}`);
      }
    }),
);

runTest(
  "install links rin into ~/.local/bin, says so, and keeps other programs",
  () =>
    withMachine(["deno"], async ({ run, folder }) => {
      const link = `${folder}/home/.local/bin/rin`;
      const first = await run(["install"]);
      assertEquals([first.code, first.calls], [0, []], first.stderr);
      assertEquals(await Deno.readLink(link), `${folder}/project/run`);
      assertStringIncludes(first.stderr, 'export PATH="$HOME/.local/bin:$PATH"');
      const PATH = `${folder}/bin:${folder}/home/.local/bin`;
      const again = await run(["install"], { PATH });
      assertEquals(again.stderr, `rin: ${link} is this program now.\n`);
      // Called by that name it is the same program, and its hints begin with that name.
      const { code, stdout } = await new Deno.Command(link, {
        args: ["help"],
        clearEnv: true,
        env: { PATH },
      }).output();
      assertEquals(code, 0);
      assertStringIncludes(new TextDecoder().decode(stdout), "Usage: ");
      await Deno.remove(link);
      await write(link, "#!/bin/sh");
      const { code: refused, stderr } = await run(["install"]);
      assertEquals(refused, 1);
      assertStringIncludes(stderr, `${link} is another program; remove it first`);
      assertEquals(await Deno.readTextFile(link), "#!/bin/sh");
    }),
);
