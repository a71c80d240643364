// Processes that train together give the bits of one that trains in as many parts.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Device } from "../../src/device/device.ts";
import { readCheckpoint } from "../../src/model/checkpoint.ts";
import { ConfigError, type RinConfig } from "../../src/model/config.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { ALONE, placesOf } from "../../src/train/peers.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { cpuTest, deviceTest } from "../helpers/devices.ts";
import { playedPeers } from "../helpers/peers.ts";

const config: Partial<RinConfig> = {
  imageSize: 8,
  patchSize: 4,
  latentDim: 16,
  interfaceDim: 12,
  numLatents: 4,
  numBlocks: 1,
  numHeads: 2,
  numClasses: 3,
};
const options: Partial<TrainOptions> = {
  batchSize: 12,
  steps: 20,
  warmup: 0,
  lr: 1e-2,
  seed: 7,
  selfCondRate: 0.5,
  offsetNoise: 0.2,
  dropout: 0.1,
  clip: 0.3,
};
const EACH = 3 * 8 * 8;
const LABELS = Array.from({ length: 12 }, (_, i) => i % 4 - 1);

/** The examples of a step at some places. */
function batch(step: number, places: readonly number[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(places.flatMap((place) => {
    return Array.from({ length: EACH }, (_, i) => Math.sin((EACH * place + i) * 0.37 + step * 1.3));
  }));
}

/** Trains two steps, validates, and returns everything that can be compared. */
async function train(device: Device, changes: Partial<TrainOptions>, peers = ALONE) {
  const given = { ...options, ...changes };
  const trainer = await Trainer.create(device, config, given, { peers });
  try {
    const { places } = trainer;
    const labels = places.map((place) => LABELS[place]);
    for (const step of [0, 1]) {
      await trainer.enqueue(batch(step, places), { labels, measure: true });
    }
    const metrics = await trainer.metrics();
    const moments = await trainer.moments();
    const valid = [0, 1, 2, 3].map((i) => ({ images: batch(9, [i, i + 4]), labels: [i % 3, -1] }));
    const validLoss = await trainer.validate(valid);
    const { slabs } = readCheckpoint(await trainer.save());
    // Arrays that differ would be compared number by number.
    const digests = await Promise.all(
      Object.values(slabs).map(async (values) => {
        return new Uint8Array(await crypto.subtle.digest("SHA-256", values)).toHex();
      }),
    );
    return { metrics, moments, validLoss, digests };
  } finally {
    trainer.destroy();
  }
}

for (const optimizer of ["adamw", "lamb"] as const) {
  const test = optimizer === "adamw" ? deviceTest : cpuTest;
  test(`${optimizer}: 2 and 3 peers are one that accumulates`, async (device) => {
    // A software GPU takes long.
    for (const [size, accumulate] of device.backend === "cpu" ? [[2, 1], [3, 2]] : [[3, 2]]) {
      const alone = await train(device, { optimizer, accumulate: size * accumulate });
      const all = await Promise.all(
        playedPeers(size).map((peers) => train(device, { optimizer, accumulate }, peers)),
      );
      for (const [rank, one] of all.entries()) {
        assertEquals(one, alone, `rank ${rank} of ${size}, accumulate ${accumulate}`);
      }
    }
  });
}

cpuTest("a part that is not finite stops the step of all", async (device) => {
  const trainers = await Promise.all(
    playedPeers(2).map((peers) => {
      return Trainer.create(device, { ...config, numClasses: 0 }, options, { peers });
    }),
  );
  const steps = await Promise.all(trainers.map((trainer, rank) => {
    const images = batch(0, trainer.places);
    if (rank === 1) images[5] = NaN;
    return trainer.step(images);
  }));
  assertEquals(steps.map(({ finite }) => finite), [false, false]);
  const after = await Promise.all(
    trainers.map((trainer) => trainer.step(batch(1, trainer.places))),
  );
  assert(after[0].finite);
  assertEquals(after[1], after[0]);
  for (const trainer of trainers) trainer.destroy();
});

cpuTest("a batch that can't be cut is refused", async (device) => {
  const [peers] = playedPeers(5);
  await assertRejects(
    () => Trainer.create(device, config, options, { peers }),
    ConfigError,
    "batchSize 12 can't be cut for 5 processes with accumulate 1: expected a multiple of 5",
  );
});

Deno.test("peers: the parts of a batch are taken in turn, each once", () => {
  const cut = { batchSize: 12, accumulate: 2 };
  const places = [0, 1, 2].map((rank) => placesOf({ rank, size: 3 }, cut));
  assertEquals(places, [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11]]);
  assertEquals(placesOf(ALONE, cut), Array.from({ length: 12 }, (_, i) => i));
});
