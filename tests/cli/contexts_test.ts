// Clips that a network continues, from the command line.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decodeClip } from "../../src/data/decode_clip.ts";
import { sha256 } from "../../src/model/identity.ts";
import { byFrame, clipPng } from "../../src/picture/clips.ts";
import { imagePng } from "../../src/picture/pictures.ts";
import { recordIn } from "../../src/picture/record.ts";
import { withFolder, write } from "../data/scratch.ts";
import { movingShape } from "../helpers/moving_shapes.ts";
import { rgb } from "../helpers/rgb.ts";
import { smallNet } from "../helpers/small_net.ts";
import { complaint, rin } from "./rin.ts";

const CLIPS = { frames: 4, patchFrames: 2, positions: "sincos" } as const;
const FRAME = 768;

Deno.test("rin sample --context draws futures of a clip, and --like draws one again", () =>
  withFolder(async (cwd) => {
    await write(`${cwd}/net.safetensors`, smallNet(1, { ...CLIPS, contextFrames: 2 }));
    await write(`${cwd}/all.safetensors`, smallNet(1, CLIPS));
    const size = { ...rgb(16), frames: 3 };
    const clip = movingShape(3, 3, 16);
    const begun = clipPng(clip, size);
    await write(`${cwd}/begun.apng`, begun);
    for (const [t, frame] of byFrame(clip, size).entries()) {
      await write(`${cwd}/frames/${t}.png`, imagePng(frame, 0, size));
    }
    const net = ["sample", "--checkpoint", "net.safetensors", "--steps", "2"];
    const run = async (...args: string[]) => {
      const found = await rin(args, { cwd });
      assertEquals(found.code, 0, found.stderr);
    };
    const read = (name: string) => Deno.readFile(`${cwd}/${name}`);
    await run(...net, "--context", "begun.apng", "--count", "2", "--out", "futures");
    await run(...net, "--context", "frames", "--count", "1", "--out", "one.apng");
    const given = decodeClip(begun).data.slice(0, 2 * FRAME);
    const files = ["futures/000000.apng", "futures/000001.apng", "one.apng"];
    const [first, second, one] = await Promise.all(
      files.map(async (name) => decodeClip(await read(name)).data),
    );
    for (const made of [first, second, one]) assertEquals(made.slice(0, 2 * FRAME), given);
    assertEquals(one, first);
    assert(second.some((value, i) => value !== first[i]));

    const future = await read(files[1]);
    assertEquals(recordIn(future)!.context, await sha256(begun));
    const like = ["sample", "--like", files[1], "--out", "again.apng"];
    await run(...like, "--context", "begun.apng");
    assertEquals(await read("again.apng"), future);

    const says = async (code: number, ...args: string[]) =>
      complaint(await rin(args, { cwd }), code);
    const missing = "draws how a clip continues: give its first 2 frames with --context CLIP";
    assertStringIncludes(await says(2, ...net), missing);
    assertStringIncludes(await says(2, ...like), missing);
    assertStringIncludes(
      await says(1, ...like, "--context", "frames"),
      "it was made from another context: give the same --context",
    );
    assertStringIncludes(
      await says(1, ...net, "--context", "frames/0.png"),
      "it has 1 frame, where the network sees 2; give a longer clip",
    );
    assertStringIncludes(
      await says(2, "sample", "all.safetensors", "--context", "begun.apng"),
      "all.safetensors draws all frames: leave it out",
    );
    assertStringIncludes(
      await says(1, "page", "net.safetensors"),
      "it draws how a clip continues, and a page takes no clips",
    );
  }));
