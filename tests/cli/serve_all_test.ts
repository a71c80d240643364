// What rin sample can do by flags rin serve does by fields: the same files to the byte.

import { assertEquals } from "@std/assert";
import { animatedGif } from "../../src/picture/animated_gif.ts";
import { byFrame, clipPng } from "../../src/picture/clips.ts";
import { gridPixels, imagePng } from "../../src/picture/pictures.ts";
import { write } from "../data/scratch.ts";
import { movingShape } from "../helpers/moving_shapes.ts";
import { smallNet } from "../helpers/small_net.ts";
import { rin } from "./rin.ts";
import { type Serving, withServer } from "./serving.ts";
import { rgb } from "../helpers/rgb.ts";

/** Flags and fields that ask for the same; values that are bytes are files. */
interface Alike {
  readonly flags: readonly string[];
  readonly out: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const base64 = (value: unknown) =>
  value instanceof Uint8Array ? `data:image/png;base64,${value.toBase64()}` : value;

/** What a form writes. */
function formOf(fields: Readonly<Record<string, unknown>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value instanceof Uint8Array) form.set(name, new File([value.slice()], "../../etc/passwd"));
    else form.set(name, String(value));
  }
  return form;
}

async function answered(response: Response): Promise<Uint8Array> {
  if (response.status !== 200) throw new Error(await response.text());
  return await response.bytes();
}

/** Asks for each by flags, by JSON, and by a form. */
async function expectAlike({ cwd, url, post }: Serving, cases: readonly Alike[]): Promise<void> {
  const NET = ["sample", "net.safetensors", "--steps", "3", "--seed", "5", "--quiet"];
  for (const { flags, out, fields } of cases) {
    const asked = { steps: 3, seed: 5, ...fields };
    const { code, stderr } = await rin([...NET, ...flags, "--out", out], { cwd });
    assertEquals(code, 0, stderr);
    const file = await Deno.readFile(`${cwd}/${out}`);
    const json = Object.fromEntries(
      Object.entries(asked).map(([name, value]) => [name, base64(value)]),
    );
    assertEquals(await answered(await post(json)), file, `${out} by JSON`);
    const form = await fetch(`${url}v1/images`, { method: "POST", body: formOf(asked) });
    assertEquals(await answered(form), file, `${out} by a form`);
  }
}

const noise = Float32Array.from({ length: 3 * 40 * 40 }, (_, i) => Math.sin(i * 0.01));
const picture = new Uint8Array(imagePng(noise, 0, rgb(40)));
const half = new Float32Array(3 * 10 * 10).map((_, i) => i % 10 < 5 ? 1 : -1);
const mask = new Uint8Array(imagePng(half, 0, rgb(10)));

Deno.test("rin serve sends the files that rin sample writes, for pictures, masks, paths, and films", () =>
  withServer([], async (serving) => {
    const { cwd } = serving;
    await write(`${cwd}/picture`, picture);
    await write(`${cwd}/mask`, mask);
    const jpeg = Deno.readFileSync(new URL("../data/fixtures/progressive.jpg", import.meta.url));
    await write(`${cwd}/photo`, jpeg);
    const one = ["--count", "1"];
    await expectAlike(serving, [
      { flags: [...one, "--image", "picture"], out: "a.png", fields: { image: picture } },
      {
        flags: ["--count", "3", "--image", "photo", "--strength", "0.4", "--class", "cat,dog,bird"],
        out: "b.png",
        fields: { count: 3, image: jpeg, strength: 0.4, class: "cat,dog,bird" },
      },
      {
        flags: [
          ...one,
          "--image",
          "picture",
          "--mask",
          "mask",
          "--sampler",
          "ddim",
          "--eta",
          "0.5",
        ],
        out: "c.png",
        fields: { image: picture, mask, sampler: "ddim", eta: 0.5 },
      },
      {
        flags: ["--count", "4", "--interpolate", "3,8"],
        out: "d.png",
        fields: { count: 4, interpolate: [3, 8] },
      },
      {
        flags: ["--count", "2", "--frames", "2", "--sampler", "heun"],
        out: "e.png",
        fields: { count: 2, frames: 2, sampler: "heun", format: "film" },
      },
      {
        flags: [...one, "--image", "picture", "--strength", "0"],
        out: "f.gif",
        fields: { image: picture, strength: 0, format: "gif" },
      },
    ]);
    const { images } = await (await serving.post({
      ...{ steps: 3, seed: 5, count: 2, interpolate: [3, 8], format: "json" },
    })).json();
    const flags = ["--steps", "3", "--seed", "5", "--count", "2", "--interpolate", "3,8"];
    await rin(["sample", "net.safetensors", ...flags, "--out", "path"], { cwd });
    for (const [i, { png }] of images.entries()) {
      assertEquals(Uint8Array.fromBase64(png), await Deno.readFile(`${cwd}/path/00000${i}.png`));
    }
  }));

const FRAMES = 4;
const clips = smallNet(1, { frames: FRAMES, patchFrames: 2, positions: "sincos", numClasses: 2 });

Deno.test("rin serve sends the clips that rin sample writes, by URL, JSON, form, and stream", () =>
  withServer(
    [],
    async (serving) => {
      const { cwd, url } = serving;
      const size = { imageSize: 20, channels: 3, frames: 6 } as const;
      const shape = movingShape(3, size.frames, size.imageSize);
      const moving = clipPng(shape, size);
      const gif = animatedGif(
        byFrame(shape, size).map((frame) => gridPixels(frame, rgb(20))),
        { milliseconds: 50 },
      );
      await write(`${cwd}/moving`, moving);
      await write(`${cwd}/gif`, gif);
      await write(`${cwd}/mask`, mask);
      await expectAlike(serving, [
        { flags: ["--count", "1", "--class", "1"], out: "a.apng", fields: { class: 1 } },
        { flags: ["--count", "2"], out: "b.apng", fields: { count: 2 } },
        { flags: ["--count", "2"], out: "c.png", fields: { count: 2, format: "film" } },
        {
          flags: ["--count", "1", "--image", "gif", "--mask", "mask"],
          out: "e.apng",
          fields: { image: gif, mask },
        },
        {
          flags: ["--count", "1", "--image", "moving", "--mask", "moving"],
          out: "f.apng",
          fields: { image: moving, mask: moving },
        },
      ]);
      const file = await Deno.readFile(`${cwd}/a.apng`);
      assertEquals(await answered(await fetch(`${url}v1/images/5.png?steps=3&class=1`)), file);
      const stream = await fetch(`${url}v1/images/stream?steps=3&seed=5&count=2`);
      const events = (await stream.text()).split("\n\n").filter((event) => event !== "");
      assertEquals(events.filter((event) => event.startsWith("event: preview")), []);
      const pngs = events.filter((event) => event.startsWith("event: image"))
        .map((event) => JSON.parse(event.split("data: ")[1]).png);
      const flags = ["--steps", "3", "--seed", "5", "--count", "2", "--out", "all"];
      await rin(["sample", "net.safetensors", ...flags], { cwd });
      for (const [i, png] of pngs.entries()) {
        assertEquals(Uint8Array.fromBase64(png), await Deno.readFile(`${cwd}/all/00000${i}.apng`));
      }
      assertEquals(pngs.length, 2);
    },
    undefined,
    clips,
  ));
