// Sentences of the page that don't need a browser.

import { assertEquals, assertMatch } from "@std/assert";
import { cannotDraw, cannotRepeat, factsOf } from "../../page/words.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { readSmallNet } from "../helpers/small_net.ts";

const network = {
  ...{ name: "pets", config: readSmallNet().config, identity: "a".repeat(64), about: {} },
  ...{ classNames: undefined, bytes: 1, kept: false },
};

Deno.test("cannotDraw() says why the page can't draw with a network that continues clips", () => {
  assertEquals(cannotDraw(network), undefined);
  const { config } = readSmallNet({ frames: 4, contextFrames: 2 });
  assertMatch(
    cannotDraw({ ...network, config })!,
    /^pets draws how a clip continues, and this page/,
  );
});

Deno.test("factsOf() tells both sides, and channels other than three", () => {
  const facts = (changes: Partial<RinConfig>) =>
    factsOf({ config: readSmallNet(changes).config, bytes: 1 }).replaceAll("\u00a0", " ");
  assertMatch(facts({}), /^16 × 16 px · [\d.]+ k param/);
  assertMatch(facts({ imageSize: "16x8", channels: 4 }), /^16 × 8 px · with opacity · /);
  assertMatch(facts({ channels: 1 }), /^16 × 16 px · gray · /);
});

Deno.test("cannotRepeat() says why the page can't draw a picture again", () => {
  const record = { checkpoint: network.identity, count: 1, seed: 1 };
  assertEquals(cannotRepeat(record, network), undefined);
  const reasons: [Record<string, string | number>, RegExp][] = [
    [
      { checkpoint: "b".repeat(64) },
      /^It was made with another checkpoint \(bbbbbbbb…\) than pets/,
    ],
    [{ imageSize: 48 }, /^It was drawn at 48 px, another size than the network's/],
    [{ attention: "block" }, /^It shows heat maps/],
    [{ precision: "f16" }, /^It was drawn in half precision/],
    [{ image: "c".repeat(64) }, /^It was made from another picture/],
    [{ context: "d".repeat(64) }, /^It continues a clip, and this page takes none/],
  ];
  for (const [changes, reason] of reasons) {
    assertMatch(cannotRepeat({ ...record, ...changes }, network)!, reason);
  }
});
