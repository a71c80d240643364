// The feature space: fixed for ever, and its figures move the way that pictures get worse.

import { assert, assertEquals, assertLess } from "@std/assert";
import { frechetDistance } from "../../src/eval/frechet.ts";
import { precisionRecall } from "../../src/eval/precision_recall.ts";
import { SCATTERING_SIZE, scatteringFeatures } from "../../src/eval/scattering.ts";
import { FeatureStatistics } from "../../src/eval/statistics.ts";
import { RandomStream } from "../../src/nn/random.ts";
import { assertWithin } from "../helpers/close.ts";
import reference from "./fixtures/scattering.json" with { type: "json" };

const SIZE = 32;
const AREA = SIZE * SIZE;
const EACH = 160;

/** A picture of one of four kinds: a bright disc or a striped square, left or right, in a random place. */
function drawn(index: number): Uint8Array {
  const stream = new RandomStream(11, index);
  const kind = index % 4;
  const x = (kind % 2 === 0 ? 10 : 22) + 4 * (stream.uniform(0) - 0.5);
  const y = 16 + 8 * (stream.uniform(1) - 0.5);
  const radius = 5 + 3 * stream.uniform(2);
  const colour = [3, 4, 5].map((i) => 110 + 110 * stream.uniform(i));
  return Uint8Array.from({ length: 3 * AREA }, (_, i) => {
    const [u, v] = [i % SIZE - x, Math.floor(i % AREA / SIZE) - y];
    const inside = kind < 2
      ? Math.hypot(u, v) < radius
      : Math.max(Math.abs(u), Math.abs(v)) < radius;
    if (!inside) return 40;
    return colour[Math.floor(i / AREA)] * (kind < 2 || Math.floor(v + 99) % 4 < 2 ? 1 : 0.5);
  });
}

const data = Array.from({ length: EACH }, (_, i) => drawn(i));
const others = Array.from({ length: EACH }, (_, i) => drawn(EACH + i));

const featuresOf = (pictures: Uint8Array[]) => pictures.map((p) => scatteringFeatures(p, SIZE));

function gaussian(features: Float32Array[]) {
  const statistics = new FeatureStatistics(SCATTERING_SIZE);
  features.forEach((vector) => statistics.add(vector));
  return statistics.gaussian();
}

const dataFeatures = featuresOf(data);
const dataGaussian = gaussian(dataFeatures);
const distance = (pictures: Uint8Array[]) =>
  frechetDistance(dataGaussian, gaussian(featuresOf(pictures)));
const quality = (pictures: Uint8Array[]) => precisionRecall(dataFeatures, featuresOf(pictures));

const byte = (value: number) => Math.max(0, Math.min(255, Math.round(value)));

function noisy(sigma: number): Uint8Array[] {
  return others.map((picture, i) => {
    const stream = new RandomStream(12, i);
    return picture.map((value, p) => byte(value + sigma * stream.normal(p)));
  });
}

function blurred(times: number): Uint8Array[] {
  const once = (picture: Uint8Array) =>
    picture.map((_, i) => {
      const [x, y] = [i % SIZE, Math.floor(i % AREA / SIZE)];
      const at = (u: number, v: number) =>
        picture[
          i - x - y * SIZE + Math.min(SIZE - 1, Math.max(0, v)) * SIZE +
          Math.min(SIZE - 1, Math.max(0, u))
        ];
      let sum = 0;
      for (const dy of [-1, 0, 1]) for (const dx of [-1, 0, 1]) sum += at(x + dx, y + dy);
      return sum / 9;
    });
  let pictures = others;
  for (let i = 0; i < times; i++) pictures = pictures.map(once);
  return pictures;
}

const redder = (by: number) =>
  others.map((picture) => picture.map((value, i) => i < AREA ? byte(value + by) : value));

function fewerKinds(kinds: number): Uint8Array[] {
  return Array.from({ length: EACH }, (_, i) => drawn(EACH + 4 * i + i % kinds));
}

function garbage(share: number): Uint8Array[] {
  return others.map((picture, i) => {
    if (i >= share * EACH) return picture;
    const stream = new RandomStream(13, i);
    return picture.map((_, p) => byte(255 * stream.uniform(p)));
  });
}

Deno.test("scatteringFeatures() of a picture never change", () => {
  for (const { size, index, features } of reference) {
    const picture = Uint8Array.from(
      { length: 3 * size * size },
      (_, p) => new RandomStream(14, index).bits(p) >>> 24,
    );
    const found = scatteringFeatures(picture, size);
    assertEquals(found.length, SCATTERING_SIZE);
    assertWithin(`picture ${index}`, found, features, 1e-5);
  }
});

Deno.test("scatteringFeatures() put halves of the same data near each other", () => {
  const halves = distance(others);
  assertLess(halves, 0.05 * distance(noisy(40)));
  const { precision, recall } = quality(others);
  assert(precision > 0.8 && recall > 0.8, `${precision} ${recall}`);
});

Deno.test("scatteringFeatures() grow apart with everything that makes samples worse", () => {
  const worse: Record<string, Uint8Array[][]> = {
    noise: [8, 64].map(noisy),
    blur: [1, 4].map(blurred),
    colour: [30, 80].map(redder),
    "dropped modes": [2, 1].map(fewerKinds),
    garbage: [0.1, 1].map(garbage),
  };
  const best = distance(others);
  for (const [name, levels] of Object.entries(worse)) {
    let last = best;
    for (const pictures of levels) {
      const next = distance(pictures);
      assert(next > 1.2 * last, `${name}: ${next} after ${last}`);
      last = next;
    }
  }
});

Deno.test("scatteringFeatures() lose precision with corrupted samples, and recall with dropped modes", () => {
  const { precision, recall } = quality(others);
  const corrupted = quality(garbage(0.5));
  assertLess(Math.abs(corrupted.precision - precision / 2), 0.05);
  const dropped = quality(fewerKinds(2));
  assert(dropped.precision > precision - 0.1, `${dropped.precision}`);
  assertLess(Math.abs(dropped.recall - recall / 2), 0.1);
});
