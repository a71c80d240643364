// Runs of networks that continue clips: their samples continue those that are held out.

import { assertEquals } from "@std/assert";
import { requestCpu } from "../../src/device/cpu/request.ts";
import type { ImageSet } from "../../src/data/image_set.ts";
import { decodeClip } from "../../src/data/decode_clip.ts";
import { joinTraining, train } from "../../training_run.ts";
import { validationContexts } from "../../src/run/batches.ts";
import { Rin } from "../../src/diffusion/rin.ts";
import { completeConfig } from "../../src/model/config.ts";
import { clipGridPng } from "../../src/picture/clips.ts";
import { withFolder } from "../data/scratch.ts";
import { playedPeers } from "../helpers/peers.ts";
import { tinySettings } from "./small_run.ts";

const NETWORK = { imageSize: 8, frames: 4, contextFrames: 2, patchFrames: 2, patchSize: 4 };
const SPAN = 6;

/** Clips of 6 frames, frame t of clip i being all 30 i + t. */
function clips(count: number, first: number): ImageSet {
  const labels = Uint32Array.from({ length: count }, (_, i) => (first + i) % 2);
  return {
    name: "clips",
    imageSize: 8,
    count,
    frames: 4,
    room: new Uint32Array(count).fill(SPAN - 4),
    labels,
    classNames: ["even", "odd"],
    read: (indices, starts) =>
      Promise.resolve(Uint8Array.from(
        Array.from(indices).flatMap((clip, i) =>
          [0, 1, 2, 3].flatMap((t) => Array(192).fill(30 * (first + clip) + starts![i] + t))
        ),
      )),
  };
}

Deno.test("validationContexts() are the beginnings of clips from all over the set, with their classes", async () => {
  const config = completeConfig(NETWORK);
  const valuesOf = async (count: number, most = count) => {
    const { context, labels } = await validationContexts(clips(5, 0), config, count, most);
    assertEquals(context.length, count * 3 * 2 * 64);
    const values = context.filter((_, i) => i % 64 === 0).map((v) => Math.round((v + 1) * 127.5));
    assertEquals(
      [...labels!],
      Array.from({ length: count }, (_, i) => (values[6 * i] - 1) / 30 % 2),
    );
    return Array.from({ length: count }, (_, i) => [...values.slice(6 * i, 6 * i + 6)]);
  };
  const of = (clip: number) => [0, 1, 2].flatMap(() => [30 * clip + 1, 30 * clip + 2]);
  assertEquals(await valuesOf(2), [0, 2].map(of));
  assertEquals(await valuesOf(2, 4), [0, 1].map(of));
  assertEquals(await valuesOf(7), [0, 1, 2, 3, 4, 0, 1].map(of));
});

Deno.test({
  name: "a run's grids continue held-out clips, the same ones alone and among peers",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withFolder(async (folder) => {
      const { network, training } = tinySettings({ steps: 2, batchSize: 4 });
      const grids: Uint8Array[] = [];
      const samples = (step: number, png: Uint8Array) => {
        if (step === 2) grids.push(png);
        return Promise.resolve();
      };
      const parts = {
        device: () => requestCpu({ threads: 1 }),
        data: { train: clips(4, 0), valid: clips(3, 5) },
        loggers: [{ samples }],
      };
      const run = {
        sampleEvery: 2,
        sampleCount: 3,
        sampleSteps: 2,
        sampleSampler: "ddim" as const,
      };
      const given = { network: { ...network, ...NETWORK }, training, run };
      await train({ ...parts, ...given, out: `${folder}/alone` });
      const [first, second] = playedPeers(2);
      await Promise.all([
        train({ ...parts, ...given, peers: first, out: `${folder}/together` }),
        joinTraining({ ...parts, loggers: [], peers: second }),
      ]);
      assertEquals(grids.length, 2);
      assertEquals(grids[0], grids[1]);
      const device = await requestCpu({ threads: 1 });
      const bytes = await Deno.readFile(`${folder}/alone/last.safetensors`);
      const rin = await Rin.load(device, bytes);
      const { context } = await validationContexts(clips(3, 5), rin.config, 3, 3);
      const wanted = { context, labels: [1, 0, 1], count: 3, steps: 2, sampler: "ddim" } as const;
      assertEquals(grids[0], clipGridPng(await rin.sample(wanted), rin.config));
      device.destroy();
      const { width, data } = decodeClip(grids[0]);
      const frame = data.length / 4;
      for (const clip of [0, 1, 2]) {
        for (const t of [0, 1]) {
          // Cells are two pixels apart, two in a row.
          const at = 3 * ((2 + 10 * (clip >> 1)) * width + 2 + 10 * (clip & 1)) + t * frame;
          assertEquals(data[at], 30 * (5 + clip) + 1 + t);
        }
      }
    }),
});
