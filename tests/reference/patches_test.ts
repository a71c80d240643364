import { assertEquals } from "@std/assert";
import { readGolden } from "../helpers/golden.ts";
import { dot, randomArray } from "./finite_difference.ts";
import { depatchify, patchify } from "./patches.ts";

Deno.test("patchify() agrees with the golden patches, square and not", () => {
  const misc = readGolden("misc");
  const square = { batch: 2, channels: 3, height: 8, width: 8, patch: 4 };
  const wide = { batch: 1, channels: 3, height: 8, width: 12, patch: 4 };
  assertEquals(patchify(misc.f64("patch.image"), square), misc.f64("patch.patches"));
  assertEquals(patchify(misc.f64("patch.rect_image"), wide), misc.f64("patch.rect_patches"));
});

Deno.test("depatchify() agrees with the golden image", () => {
  const misc = readGolden("misc");
  const shape = { batch: 2, channels: 3, height: 8, width: 8, patch: 4 };
  const image = depatchify(misc.f64("patch.arange_patches"), shape);
  assertEquals(image, misc.f64("patch.arange_depatchified"));
});

Deno.test("depatchify() is the inverse and the adjoint of patchify()", () => {
  const shape = { batch: 2, channels: 2, frames: 4, height: 6, width: 9, patchFrames: 2, patch: 3 };
  const image = randomArray(2 * 2 * 4 * 6 * 9, 40);
  const patches = randomArray(image.length, 41);
  assertEquals(depatchify(patchify(image, shape), shape), image);
  const forward = dot(patches, patchify(image, shape));
  const backward = dot(depatchify(patches, shape), image);
  assertEquals(Math.abs(forward - backward) < 1e-12, true);
});

Deno.test("patchify() makes a clip's first token from its first frames' first corner", () => {
  const shape = { batch: 1, channels: 2, frames: 4, height: 2, width: 4, patchFrames: 2, patch: 2 };
  // 2 channels of 4 frames of 8 pixels, each its own number.
  const tokens = patchify(Float64Array.from({ length: 64 }, (_, i) => i), shape);
  const corner = [0, 1, 4, 5];
  const both = [...corner, ...corner.map((i) => i + 8)];
  assertEquals([...tokens.subarray(0, 16)], [...both, ...both.map((i) => i + 32)]);
  // The second is to its right, the third two frames on.
  assertEquals([tokens[16], tokens[32], tokens[48]], [2, 16, 18]);
});
