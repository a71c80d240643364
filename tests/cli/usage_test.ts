import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withFolder, write } from "../data/scratch.ts";
import { complaint, rin } from "./rin.ts";

Deno.test("rin prints its usage for --help and no command, and its version for --version", async () => {
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

Deno.test("rin COMMAND --help names all options with their defaults", async () => {
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

Deno.test("./run and deno task have all of rin's commands", async () => {
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

Deno.test("rin suggests the nearest name for a misspelled one", async () => {
  const cases: [string[], string][] = [
    [["trian"], 'Unknown command "trian": did you mean train?'],
    [
      ["paint"],
      'Unknown command "paint": known are train, data, sample, attention, serve, eval, report, compare',
    ],
    [["train", "--latent-dims", "8"], "Unknown option --latent-dims: did you mean --latent-dim?"],
    [["train", "-x"], "Unknown option -x"],
    [["train", "runs/a"], 'Unknown argument "runs/a"'],
    [["train", "--lr"], "--lr needs a value"],
    [["train", "--lr", "fast"], "--lr is fast: expected a number"],
    [["train", "--steps", "1.5"], "--steps is 1.5: expected a whole number"],
    [["train", "--preset", "face"], "--preset is face: expected faces, demo, readme"],
    [["train", "--prediction", "x1"], "--prediction is x1: expected eps, x0 or v"],
    [["sample"], "Which checkpoint?"],
    [["info"], "Which checkpoint?"],
  ];
  for (const [args, sentence] of cases) {
    assertStringIncludes(complaint(await rin(args), 2), sentence);
  }
});

Deno.test("rin train names the flags if sizes don't fit together", async () => {
  const cases: [string[], string][] = [
    [["--image-size", "30"], "--image-size 30 is not divisible by --patch-size 8"],
    [["--num-heads", "3"], "--num-heads 3 does not divide --latent-dim 128"],
    [["--lr", "11"], "--lr is 11: expected a number from 0 to 10"],
    [["--save-every", "0"], "--save-every is 0"],
    [["--schedule", "cosin"], 'Unknown schedule "cosin"'],
  ];
  for (const [args, sentence] of cases) {
    assertStringIncludes(complaint(await rin(["train", ...args])), sentence);
  }
});

Deno.test("rin train names the mistakes of a config file", async () => {
  await withFolder(async (folder) => {
    const cases: [string, string][] = [
      ['{"lrr": 1}', 'unknown field "lrr": did you mean lr?'],
      ['{"lr": "1"}', '"lr" is "1": expected a number'],
      ['{"flip": 1}', '"flip" is 1: expected true or false'],
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

Deno.test("RIN_DEBUG=1 shows the stack", async () => {
  const { code, stderr } = await rin(["train", "--lr", "11"], { env: { RIN_DEBUG: "1" } });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "\n    at ");
});

Deno.test("rin commands take one checkpoint, with or without the flag", async () => {
  for (const name of ["sample", "serve", "page", "eval", "export", "info"]) {
    const sentence = complaint(await rin([name, "a", "--checkpoint", "b"]), 2);
    assertStringIncludes(sentence, "One checkpoint at a time, please: got b and a", name);
    for (const args of [["nowhere"], ["--checkpoint", "nowhere"]]) {
      assertStringIncludes(complaint(await rin([name, ...args])), "nowhere: there is no such file");
    }
  }
});
