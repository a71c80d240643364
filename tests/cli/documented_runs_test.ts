// What README and docs give to be pasted runs, from the first line of a page to its last, on networks
// and pictures that are tiny.

import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { animatedGif } from "../../src/picture/animated_gif.ts";
import { byFrame } from "../../src/picture/clips.ts";
import { imageBytes } from "../../src/picture/pictures.ts";
import { withFolder, write } from "../data/scratch.ts";
import { available } from "../helpers/gpu.ts";
import { movingShape } from "../helpers/moving_shapes.ts";
import { smallNet } from "../helpers/small_net.ts";
import { documented, type Line } from "./documented.ts";
import type { CommandProcess, Outcome } from "./command_process.ts";
import { commandProcess, outcome, RIN, rin, TINY, writePictures } from "./rin.ts";
import { firstLine, freePort } from "./serving.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const hasCurl = await new Deno.Command("curl", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);

/** Lines that are not run here, and why. */
const NOT_RUN: readonly (readonly [line: RegExp, why: string])[] = [
  [/^\.\/run (test|check)$|^deno (test|bench) /, "these are the tests"],
  [/^deno task bench:/, "tests/bench runs every script"],
  [/^\.\/run install$/, "it links into the home folder; run_test.ts runs it with another"],
  [/^apt-get /, "it installs"],
  [/\bbench\/\w+\.ts\b/, "tests/bench/scripts_test.ts runs every script"],
  [/\bexamples\//, "tests/examples runs them"],
  [/\bgpu:static\b/, "tests/bench/gpu_static_test.ts runs its parts"],
  [/ cifar10\.npz$|--layout pix2seq/, "tests/model/pix2seq/import_test.ts makes such files"],
  [/^rin eval .*--precision f16/, "it is slow on a software adapter"],
  [/^python3 .*torch|--inception /, "PyTorch, and weights of 91 MB, would be fetched"],
];

/** What a line needs that not every machine has. */
const NEEDED: readonly (readonly [line: RegExp, there: boolean])[] = [
  [/^curl /, hasCurl],
  [/--device gpu/, available],
];

/** The sizes and lengths that TINY or `--steps 2` replace in `rin train`. */
const SIZES = "image-size|patch-size|interface-dim|latent-dim|num-latents|num-blocks|block-depth|" +
  "batch-size|accumulate|steps|sample-steps|sample-count|lr";

/** What the lines are shortened by: in this order, each wherever it stands. */
const SHORTER: readonly (readonly [long: RegExp, short: string])[] = [
  [/^\.\/run\b/, "rin"],
  [/^deno run\b/, `deno run --no-check --no-lock --config ${root}deno.json`],
  [/\bcli\/main\.ts/, `${root}cli/main.ts`],
  [/\bserve --checkpoint (?=runs\/|models\/)/, "serve --port 7461 --checkpoint "],
  [/^curl /, "curl --fail --silent --show-error "],
  [/ > (\S+) 2>&1 &$/, " > $1 2>&1"],
  [/^VK_DRIVER_FILES=\S+ /, ""],
  [/~\//g, ""],
  // What is fetched, made by a script, or there on one system only.
  [/--data shapes\b/, "--data gifs"],
  [/--data faces\b/, "--data photos"],
  [/--data emoji\b/, "--data train-images-idx3-ubyte"],
  [/--data \S+\.gz/, "--data train-images-idx3-ubyte"],
  [/(?<=^rin data prepare .*)--image-size 64/, "--image-size 16"],
  [/(?<=^rin data prepare )skylines --image-size 1024/, "photos --image-size 16"],
  [/--checkpoint runs\/NAME --context begun\.gif/, "--checkpoint continues --context gifs/0.gif"],
  // Training.
  [new RegExp(`(?<=\\brin train\\b.*) --(${SIZES}) \\S+`, "g"), ""],
  [/\brin train\b(?!.* --resume )/, `rin train ${TINY.join(" ")} --steps 2`],
  [/\brin train\b(?!.* --(data|resume) ).*$/, "$& --data photos"],
  [/--out runs\/fashion-x0$/, "--out runs/fashion"],
  // Pictures.
  [/--count [1-9]\d+/, "--count 4"],
  [/(?<=^rin sample .*)--image-size \d+/, "--image-size 32"],
  [/--frames 10/, "--frames 2"],
  [/000017/, "000002"],
  [/(?<=^rin (sample|eval|attention) .*)--steps \d+/, "--steps 2"],
  // The rest.
  [/--num-heads 4/, "--num-heads 2"],
  [/^rin eval runs\/faces$/, "$& --count 4 --steps 2"],
];

/** All that the lines of a page begin from. */
async function writeFixtures(folder: string): Promise<void> {
  for (const name of ["photos", "pictures", "celeba"]) await writePictures(`${folder}/${name}`, 4);
  await Deno.copyFile(`${folder}/photos/0.png`, `${folder}/photo.jpg`);
  await write(`${folder}/gifs/0.gif`, movingGif(0));
  await write(`${folder}/gifs/1.gif`, movingGif(1));
  for (const name of ["FILE", "CHECKPOINT", "F", "F.safetensors", "F16_OR_F32.safetensors"]) {
    await write(`${folder}/${name}`, smallNet());
  }
  await write(`${folder}/faces.safetensors`, smallNet());
  await write(`${folder}/continues`, smallNet(1, { frames: 4, contextFrames: 2 }));
  await Deno.symlink(`${root}models`, `${folder}/models`);
  const ckpt = `${root}tests/model/pytorch/fixtures/lightning.ckpt`;
  await Deno.copyFile(ckpt, `${folder}/epoch=99.ckpt`);
  await write(`${folder}/train-images-idx3-ubyte`, idx(3, [20, 16, 16], (i) => i % 256));
  await write(`${folder}/train-labels-idx1-ubyte`, idx(1, [20], (i) => i % 10));
  const made = await rin([
    ...["train", "--data", "train-images-idx3-ubyte", "--labels", "auto", ...TINY, "--flip"],
    ...["--steps", "2", "--out", "runs/NAME"],
  ], { cwd: folder });
  assertEquals(made.code, 0, made.stderr);
  for (const name of ["faces", "fashion-x0", "fashion-v", "fashion-eps"]) {
    await copy(`${folder}/runs/NAME`, `${folder}/runs/${name}`);
  }
  await Deno.copyFile(`${folder}/runs/NAME/last.safetensors`, `${folder}/cifar10.safetensors`);
  const shim = `#!/bin/sh\nexec ${RIN.map((word) => `'${word}'`).join(" ")} "$@"\n`;
  await write(`${folder}/.bin/rin`, shim);
  await Deno.chmod(`${folder}/.bin/rin`, 0o755);
  // ./run has its own.
  await Deno.symlink(Deno.execPath(), `${folder}/.bin/deno`);
}

function movingGif(seed: number): Uint8Array {
  const size = { imageSize: 16, channels: 3, frames: 10 } as const;
  const frames = byFrame(movingShape(seed, size.frames, size.imageSize), size).map((frame) => ({
    width: size.imageSize,
    height: size.imageSize,
    channels: size.channels,
    data: imageBytes(frame, 0, size),
  }));
  return animatedGif(frames, { milliseconds: 100 });
}

/** An IDX file of bytes. */
function idx(rank: number, shape: number[], byte: (i: number) => number): Uint8Array {
  const count = shape.reduce((a, b) => a * b);
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint32(0, 0x800 + rank);
  shape.forEach((size, i) => header.setUint32(4 + 4 * i, size));
  return Uint8Array.from([
    ...new Uint8Array(header.buffer),
    ...Array.from({ length: count }, (_, i) => byte(i)),
  ]);
}

async function copy(from: string, to: string): Promise<void> {
  const { success } = await new Deno.Command("cp", { args: ["-R", from, to] }).output();
  assert(success, `${from} could not be copied`);
}

/** Runs a line to its end: where it needs no shell, in a process for many commands. */
function run(line: string, cwd: string, commands: CommandProcess | undefined): Promise<Outcome> {
  const [program, ...args] = line.split(/ +/);
  const plain = program === "rin" && !/[^\w ./:@,=+-]/.test(line);
  if (!plain || !commands) return outcome(start(line, cwd));
  return commands.run({ args, cwd, env: { RIN_CACHE: `${cwd}/.cache` } });
}

/** A shell that is given a line. */
function start(line: string, cwd: string): Deno.ChildProcess {
  return new Deno.Command("sh", {
    args: ["-c", line],
    cwd,
    env: {
      NO_COLOR: "1",
      RIN_COMMAND: "rin",
      RIN_CACHE: `${cwd}/.cache`,
      PATH: `${cwd}/.bin:${Deno.env.get("PATH")}`,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a page's lines one after the other; a server stays until the next one, or the end. */
async function runPage(
  lines: readonly Line[],
  cwd: string,
  commands: CommandProcess | undefined,
): Promise<number> {
  const port = String(freePort());
  let stop = () => Promise.resolve();
  let done = 0;
  try {
    for (const { page, text } of lines) {
      if (used(NOT_RUN, ([line]) => line.test(text)).length > 0) continue;
      const short = SHORTER.reduce((line, entry) => replaced(line, entry), text)
        .replaceAll("7461", port);
      if (used(NEEDED, ([line]) => line.test(text)).some(([, there]) => !there)) continue;
      const shown = `${page}: ${text}\nrun as: ${short}`;
      if (/ serve /.test(short)) {
        await stop();
        stop = await serve(start(`exec ${short}`, cwd), shown);
      } else {
        const { code, stderr } = await run(short, cwd, commands);
        assertEquals(code, 0, `${shown}\n${stderr}`);
      }
      done++;
    }
  } finally {
    await stop();
  }
  return done;
}

/** The entries of the lists above that no line has needed so far. */
const idle = new Set<unknown>([...NOT_RUN, ...NEEDED, ...SHORTER]);

function used<Entry>(list: readonly Entry[], isMeant: (entry: Entry) => boolean): Entry[] {
  const meant = list.filter(isMeant);
  meant.forEach((entry) => idle.delete(entry));
  return meant;
}

function replaced(text: string, entry: typeof SHORTER[number]): string {
  const short = text.replace(...entry);
  if (short !== text) idle.delete(entry);
  return short;
}

/** Waits until a server answers; gives what ends it. */
async function serve(child: Deno.ChildProcess, shown: string): Promise<() => Promise<void>> {
  const said = new Response(child.stderr).text();
  const url = await firstLine(child.stdout, said);
  const { ok } = await fetch(`${url}v1/images/stream?steps=1`);
  assert(ok, shown);
  return async () => {
    child.kill("SIGTERM");
    const { code } = await child.status;
    assertEquals(code, 0, `${shown}\n${await said}`);
  };
}

Deno.test("documented command lines run", async () => {
  await withFolder(async (folder) => {
    await writeFixtures(`${folder}/all`);
    const pages = (await documented()).sort((a, b) => a.length - b.length);
    let done = 0;
    // Most of a line's time is one core's.
    const lane = async () => {
      const commands = commandProcess();
      for (let lines = pages.pop(); lines; lines = pages.pop()) {
        const cwd = `${folder}/${lines[0].page.replace("/", "-")}`;
        await copy(`${folder}/all`, cwd);
        const ran = await runPage(lines, cwd, commands);
        done += ran;
      }
    };
    const ends = await Promise.allSettled([lane(), lane()]);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    assert(done > 40, `${done} lines were run`);
    assertEquals([...idle].map(String), [], "what no line needs");
  });
});
