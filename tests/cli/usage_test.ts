import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withFolder, write } from "../data/scratch.ts";
import { complaint, rin } from "./rin.ts";

Deno.test("usage: rin --help, no command at all and --version", async () => {
  const help = await rin(["--help"]);
  assertEquals(help.code, 0);
  for (const name of ["train", "sample", "report", "compare", "info", "doctor"]) {
    assertStringIncludes(help.stdout, name);
  }
  assertEquals((await rin([])).stdout, help.stdout);
  const { version } = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  assertStringIncludes((await rin(["--version"])).stdout, `rin ${version}`);
});

Deno.test("usage: each command's help names its options with their defaults", async () => {
  const expected: Record<string, string[]> = {
    train: ["--num-latents N", "(default: 0.003)", "--resume DIR", "faces: 118 emoji"],
    sample: ["--checkpoint FILE", "ddpm|ddim|dpm++|heun|renoise", "samples.apng)"],
    info: ["--json"],
    doctor: ["--help"],
  };
  for (const [name, texts] of Object.entries(expected)) {
    const { code, stdout } = await rin([name, "--help"]);
    assertEquals(code, 0);
    for (const text of texts) assertStringIncludes(stdout, text);
    assert(stdout.split("\n").every((line) => line.length <= 100), `${name}: a line is too long`);
  }
});

Deno.test("usage: whatever rin does, ./run and deno task do", async () => {
  const read = (name: string) => Deno.readTextFile(new URL(`../../${name}`, import.meta.url));
  const { tasks } = JSON.parse(await read("deno.json"));
  const run = await read("run");
  const commands = [...(await rin([])).stdout.matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name]) =>
    name
  );
  // Completions are for a shell that knows a program called rin.
  const needed = commands.filter((name) => name !== "completions");
  assert(needed.length >= 10, `${needed}`);
  for (const name of needed) {
    assertEquals(tasks[name], `deno run -A cli/main.ts ${name}`);
    assertStringIncludes(run, `\n  ${name} `);
  }
});

Deno.test("usage: what is mistyped is named, with the nearest known name", async () => {
  const cases: [string[], string][] = [
    [["trian"], 'Unknown command "trian": did you mean train?'],
    [
      ["paint"],
      'Unknown command "paint": known are train, data, sample, serve, eval, report, compare, merge',
    ],
    [["train", "--latent-dims", "8"], "Unknown option --latent-dims: did you mean --latent-dim?"],
    [["train", "-x"], "Unknown option -x"],
    [["train", "runs/a"], 'Unknown argument "runs/a"'],
    [["train", "--lr"], "--lr needs a value"],
    [["train", "--lr", "fast"], "--lr is fast: needed a number"],
    [["train", "--steps", "1.5"], "--steps is 1.5: needed a whole number"],
    [["train", "--preset", "face"], "--preset is face: needed faces, demo, readme"],
    [["train", "--prediction", "x1"], "--prediction is x1: needed eps, x0 or v"],
    [["sample"], "Which checkpoint?"],
    [["info"], "Which checkpoint?"],
  ];
  for (const [args, sentence] of cases) {
    assertStringIncludes(complaint(await rin(args), 2), sentence);
  }
});

Deno.test("usage: sizes that don't fit together are told in terms of the flags", async () => {
  const cases: [string[], string][] = [
    [["--image-size", "30"], "--image-size 30 is not divisible by --patch-size 8"],
    [["--num-heads", "3"], "--num-heads 3 does not divide --latent-dim 128"],
    [["--lr", "11"], "--lr is 11: needed a number from 0 to 10"],
    [["--save-every", "0"], "--save-every is 0"],
    [["--schedule", "cosin"], 'Unknown schedule "cosin"'],
  ];
  for (const [args, sentence] of cases) {
    assertStringIncludes(complaint(await rin(["train", ...args])), sentence);
  }
});

Deno.test("usage: a config file's mistakes are named", async () => {
  await withFolder(async (folder) => {
    const cases: [string, string][] = [
      ['{"lrr": 1}', 'unknown field "lrr": did you mean lr?'],
      ['{"lr": "1"}', '"lr" is "1": needed a number'],
      ['{"flip": 1}', '"flip" is 1: needed true or false'],
      ["[1]", "it must be a JSON object"],
      ["{", "not valid JSON"],
    ];
    for (const [text, sentence] of cases) {
      await write(`${folder}/c.json`, text);
      const found = complaint(await rin(["train", "--config", "c.json"], { cwd: folder }));
      assertStringIncludes(found, "Cannot use config file c.json");
      assertStringIncludes(found, sentence);
    }
    const missing = await rin(["train", "--config", "none.json"], { cwd: folder });
    assertStringIncludes(complaint(missing), "none.json: there is no such file");
  });
});

Deno.test("usage: RIN_DEBUG=1 shows the stack", async () => {
  const { code, stderr } = await rin(["train", "--lr", "11"], { env: { RIN_DEBUG: "1" } });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "\n    at ");
});

Deno.test("usage: every command takes its checkpoint with the flag or without, and one only", async () => {
  for (const name of ["sample", "serve", "page", "eval", "export", "info"]) {
    const sentence = complaint(await rin([name, "a", "--checkpoint", "b"]), 2);
    assertStringIncludes(sentence, "One checkpoint at a time, please: got b and a", name);
    for (const args of [["nowhere"], ["--checkpoint", "nowhere"]]) {
      assertStringIncludes(complaint(await rin([name, ...args])), "nowhere: there is no such file");
    }
  }
});
