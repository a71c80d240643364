import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { decode } from "fast-png";
import { writeCheckpoint } from "../../src/model/checkpoint.ts";
import { recordIn } from "../../src/picture/record.ts";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors.ts";
import { withFolder, write } from "../data/scratch.ts";
import { readSmallNet, SMALL, smallNet } from "../helpers/small_net.ts";
import { hasF16 } from "../helpers/gpu.ts";
import { complaint, rin } from "./rin.ts";

function sampleTest(name: string, fn: (cwd: string) => Promise<void>): void {
  Deno.test({
    name: `rin sample ${name}`,
    fn: () =>
      withFolder(async (cwd) => {
        await write(`${cwd}/net.safetensors`, smallNet());
        await fn(cwd);
      }),
  });
}

const sample = (cwd: string, ...args: string[]) =>
  rin(["sample", "--checkpoint", "net.safetensors", "--steps", "3", ...args], { cwd });

sampleTest("draws a grid of 16 by default, and prints what it wrote", async (cwd) => {
  const { code, stdout } = await sample(cwd);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "Wrote a grid of 16 images of 16x16 to samples.png in ");
  const { width, height, channels } = decode(await Deno.readFile(`${cwd}/samples.png`));
  assertEquals([width, height, channels], [4 * 18 + 2, 4 * 18 + 2, 3]);
});

sampleTest("writes a folder of single images that don't depend on the batch", async (cwd) => {
  assertEquals((await sample(cwd, "--count", "5", "--out", "new/a/")).code, 0);
  assertEquals((await sample(cwd, "--count", "5", "--out", "b", "--batch-size", "2")).code, 0);
  const names = [...Deno.readDirSync(`${cwd}/new/a`)].map(({ name }) => name).sort();
  assertEquals(names, ["000000.png", "000001.png", "000002.png", "000003.png", "000004.png"]);
  for (const name of names) {
    const image = await Deno.readFile(`${cwd}/new/a/${name}`);
    assertEquals(decode(image).width, 16);
    assertEquals(await Deno.readFile(`${cwd}/b/${name}`), image);
  }
});

sampleTest("depends on seed and sampler, and on nothing else", async (cwd) => {
  const picture = async (...args: string[]) => {
    const { code, stderr } = await sample(
      cwd,
      "--count",
      "2",
      "--force",
      "--out",
      "o.png",
      ...args,
    );
    assertEquals(code, 0, stderr);
    return (await Deno.readFile(`${cwd}/o.png`)).toString();
  };
  const first = await picture();
  assertEquals(await picture("--seed", "0", "--sampler", "dpm++", "--guidance", "1"), first);
  const others = [["--seed", "1"], ["--sampler", "ddim"], ["--sampler", "renoise"]];
  const made = new Set([first]);
  const ancestral = ["--sampler", "ddpm"];
  for (const args of [...others, ancestral, [...ancestral, "--variance", "large"]]) {
    made.add(await picture(...args));
  }
  assertEquals(made.size, 6);
  assertNotEquals(await picture("--sampler", "ddim", "--eta", "1"), await picture(...others[1]));
});

sampleTest("writes the same bytes with any number of threads", async (cwd) => {
  const picture = async (threads: string) => {
    const args = ["--count", "2", "--out", "o.png", "--device", "cpu", "--threads", threads];
    const { code, stderr } = await sample(cwd, ...args);
    assertEquals(code, 0, stderr);
    return await Deno.readFile(`${cwd}/o.png`);
  };
  assertEquals(await picture("3"), await picture("1"));
});

sampleTest("takes a bare state_dict with a config file", async (cwd) => {
  const { tensors } = readSafetensors(smallNet());
  await write(`${cwd}/net.safetensors`, writeSafetensors({ metadata: {}, tensors }));
  await write(`${cwd}/c.json`, JSON.stringify(SMALL));
  assertEquals((await sample(cwd, "--config", "c.json")).code, 0);
  assertStringIncludes(complaint(await sample(cwd)), "Cannot use checkpoint net.safetensors: ");
});

Deno.test("rin sample refuses an unusable checkpoint before it asks for a device", async () => {
  await withFolder(async (cwd) => {
    const bytes = smallNet();
    const say = async (content: Uint8Array | string, ...args: string[]) => {
      await write(`${cwd}/net.safetensors`, content);
      const found = complaint(await sample(cwd, ...args));
      assertStringIncludes(found, "Cannot use checkpoint net.safetensors: ");
      return found;
    };
    assertStringIncludes(await say(bytes.subarray(0, 6)), "it has 6 bytes");
    assertStringIncludes(await say(bytes.subarray(0, 300)), "it is truncated");
    assertStringIncludes(await say(bytes.subarray(0, -8)), "it is truncated");
    assertStringIncludes(
      await say("This is no checkpoint at all."),
      "does not begin as a safetensors",
    );
    await write(`${cwd}/c.json`, JSON.stringify({ numLatents: 8 }));
    assertStringIncludes(await say(bytes, "--config", "c.json"), "the config needs");

    const { metadata, tensors } = readSafetensors(bytes);
    tensors.delete("readout.bias");
    const lacking = await say(writeSafetensors({ metadata, tensors }));
    assertStringIncludes(lacking, "it lacks the tensor readout.bias");
    await Deno.remove(`${cwd}/net.safetensors`);
    assertStringIncludes(complaint(await sample(cwd)), "there is no such file");
  });
});

Deno.test("rin sample refuses numbers out of range", async () => {
  await withFolder(async (cwd) => {
    await write(`${cwd}/net.safetensors`, smallNet());
    const cases = [["--count", "0"], ["--steps", "0"], ["--eta", "2"], ["--batch-size", "0"]];
    for (const [flag, value] of cases) {
      const found = complaint(await sample(cwd, flag, value));
      assert(found.includes(`${flag.slice(2)} is ${value}`), found);
    }
  });
});

Deno.test("rin sample --image-size draws at another size where positions are computed", async () => {
  await withFolder(async (cwd) => {
    for (const positions of ["learned", "stretched", "sincos"] as const) {
      await write(`${cwd}/${positions}.safetensors`, smallNet(1, { positions }));
    }
    const sample = (network: string, size: string, out = "o.png") => {
      const how = ["--count", "1", "--steps", "2", "--device", "cpu", "--out", out];
      return rin(["sample", `${network}.safetensors`, "--image-size", size, ...how], { cwd });
    };
    const own = SMALL.imageSize;
    for (const positions of ["stretched", "sincos"]) {
      const out = `${positions}.png`;
      const [width, height] = [own + 8, positions === "sincos" ? own + 8 : own - 8];
      const size = width === height ? `${width}` : `${width}x${height}`;
      const { code, stderr } = await sample(positions, size, out);
      assertEquals(code, 0, stderr);
      const png = await Deno.readFile(`${cwd}/${out}`);
      const found = decode(png);
      assertEquals([found.width, found.height], [width, height]);
      assertEquals(recordIn(png)!.imageSize, width === height ? width : size);
      const again = ["sample", "--like", out, "--device", "cpu", "--out", "again.png", "--force"];
      assertEquals((await rin(again, { cwd })).code, 0);
      assertEquals(await Deno.readFile(`${cwd}/again.png`), png);
    }
    const refused = complaint(await sample("learned", `${own + 8}`));
    assertStringIncludes(refused, `it learned the positions of ${own} px pictures`);
    assertEquals((await sample("learned", `${own}`, "own.png")).code, 0);
    assertEquals(recordIn(await Deno.readFile(`${cwd}/own.png`))!.imageSize, undefined);
    const odd = complaint(await sample("sincos", `${own}x${own + 1}`));
    assertStringIncludes(odd, `expected a multiple of the network's patches of 4 px`);
    assertStringIncludes(odd, `such as ${own} or ${own}x${own + 4}`);
    assertStringIncludes(complaint(await sample("sincos", "0")), "imageSize is 0");
  });
});

Deno.test("rin sample draws as the network's run did", async () => {
  await withFolder(async (cwd) => {
    const run = {
      ...{ sampleSampler: "ddpm", sampleSteps: 3, sampleVariance: "large" },
      sampleSchedule: "linear",
    };
    const checkpoint = readSmallNet();
    await write(
      `${cwd}/run/last.safetensors`,
      writeCheckpoint({ ...checkpoint, training: { run } }),
    );
    const usual = { ...run, sampleSchedule: undefined };
    await write(
      `${cwd}/usual/last.safetensors`,
      writeCheckpoint({ ...checkpoint, training: { run: usual } }),
    );
    const record = async (source: string, ...args: string[]) => {
      const command = ["sample", source, "--count", "2", "--force", "--out", "o.png", ...args];
      const { code, stderr } = await rin(command, { cwd });
      assertEquals(code, 0, stderr);
      const found = recordIn(await Deno.readFile(`${cwd}/o.png`))!;
      const { sampler, steps, variance, sampleSchedule } = found;
      return { said: stderr, found: [sampler, steps, variance, sampleSchedule] };
    };
    const own = await record("run");
    assertEquals(own.found, ["ddpm", 3, "large", "linear"]);
    assertStringIncludes(
      own.said,
      "Sampling as its run does: ddpm, 3 steps, variance large, along",
    );
    const picture = await Deno.readFile(`${cwd}/o.png`);
    const asked = ["--sampler", "ddpm", "--steps", "3", "--variance", "large"];
    await record("usual", ...asked, "--sample-schedule", "linear");
    assertEquals(decode(await Deno.readFile(`${cwd}/o.png`)).data, decode(picture).data);
    assertEquals((await record("run", "--steps", "2")).found, ["ddpm", 2, "large", "linear"]);
    const other = await record("run", "--sampler", "dpm++", "--steps", "2");
    assertEquals(`${other.found}`, "dpm++,2,small,");
    assert(!other.said.includes("Sampling as"), other.said);
    const unknown = await rin(["sample", "run", "--sample-schedule", "x"], { cwd });
    assertStringIncludes(complaint(unknown), 'Unknown schedule "x": use linear');
    assertEquals((await record("usual", "--steps", "2")).found[0], "dpm++");
    assertEquals(
      (await rin(["export", "run", "--dtype", "f32", "--out", "small.safetensors"], { cwd })).code,
      0,
    );
    assertEquals((await record("small.safetensors")).found, own.found);
  });
});

sampleTest("repeats a picture in half precision, and refuses it where it can't", async (cwd) => {
  const cpu = await sample(cwd, "--device", "cpu", "--precision", "f16");
  assertEquals(cpu.code, 1);
  assertMatch(cpu.stderr, /^rin: Precision f16 needs a GPU with shader-f16, .*: use f32\n$/);
  if (!hasF16) return;
  const gpu = (...args: string[]) => rin(["sample", "--device", "gpu", ...args], { cwd });
  const made = await gpu("net.safetensors", "--steps", "3", "--precision", "f16", "--out", "a.png");
  assertEquals(made.code, 0, made.stderr);
  const like = await gpu("--like", "a.png", "--out", "b.png");
  assertEquals(like.code, 0, like.stderr);
  const wide = await gpu("--like", "a.png", "--precision", "f32", "--out", "c.png");
  assertEquals(wide.code, 0, wide.stderr);
  const [a, b, c] = await Promise.all(["a", "b", "c"].map((n) => Deno.readFile(`${cwd}/${n}.png`)));
  assertEquals(b, a);
  assertEquals([recordIn(a)?.precision, recordIn(c)?.precision], ["f16", undefined]);
  assertNotEquals(c, a);
});
