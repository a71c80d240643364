import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { loadSplits } from "../../src/data/dataset.ts";
import { EMOJI_ATTRIBUTION, listEmoji } from "../../src/data/emoji.ts";
import { DataError } from "../../src/data/errors.ts";
import { withFolder, write } from "./scratch.ts";

// These fetch the set on a machine's first run. Without a network set RIN_OFFLINE=1: they are then
// reported as ignored.
const ignore = Deno.env.get("RIN_OFFLINE") === "1";

Deno.test({
  name: "emoji: faces are 118 files, all are 3,786, both sorted by name",
  ignore,
  fn: async () => {
    const faces = (await listEmoji("faces")).map(({ name }) => name);
    const all = (await listEmoji("all")).map(({ name }) => name);
    assertEquals([faces.length, all.length], [118, 3786]);
    for (const names of [faces, all]) assertEquals(names, [...new Set(names)].sort());
    const known = new Set(all);
    assert(faces.every((name) => known.has(name)));
    assert(faces.includes("1f600.png"), "grinning face");
    assert(!faces.includes("1f638.png"), "grinning cat");
    assert(!faces.includes("1f648.png"), "see-no-evil monkey");
    assert(!faces.includes("2764-fe0f.png"), "heart");
  },
});

Deno.test({
  name: "emoji: faces at 32 px train and validate on all 118, with their attribution",
  ignore,
  fn: async () => {
    const { train, valid } = await loadSplits({ source: "faces", imageSize: 32 });
    assertEquals(train, valid);
    assertEquals([train.count, train.pixels.length, train.skipped], [118, 118 * 3072, []]);
    assertEquals(train.attribution, EMOJI_ATTRIBUTION);
    assertEquals(EMOJI_ATTRIBUTION, "Emoji images by Twitter (Twemoji), CC BY 4.0");
    // The grinning face: white outside the disc, yellow in the middle of its forehead.
    const start = train.names.indexOf("1f600.png") * 3072;
    const pixel = (y: number, x: number) =>
      [0, 1, 2].map((c) => train.pixels[start + c * 1024 + y * 32 + x]);
    assertEquals(pixel(0, 0), [255, 255, 255]);
    assertEquals(pixel(6, 16), [255, 204, 77]);
  },
});

Deno.test({
  name: "emoji: a share of the faces is held out where one is asked for",
  ignore,
  fn: async () => {
    const options = { source: "faces", imageSize: 8, validFraction: 0.3 };
    const { train, valid } = await loadSplits(options);
    assertEquals(train.count + valid.count, 118);
    assert(valid.count > 18 && valid.count < 54, `${valid.count}`);
    assertNotEquals(train.names[0], valid.names[0]);
  },
});

Deno.test({
  name: "emoji: of all, every 20th by name is held out",
  ignore,
  fn: async () => {
    const names = (await listEmoji("all")).map(({ name }) => name);
    const { train, valid } = await loadSplits({ source: "emoji", imageSize: 2 });
    assertEquals([train.count, valid.count], [3596, 190]);
    assertEquals(valid.names, names.filter((_, i) => i % 20 === 0));
    assertEquals(train.skipped.length + valid.skipped.length, 0);
    assertEquals(valid.attribution, EMOJI_ATTRIBUTION);
  },
});

Deno.test("emoji: a set that lost files is told, with the folder to delete", async () => {
  await withFolder(async (cache) => {
    const folder = `${cache}/emoji-datasource-twitter-16.0.0`;
    await write(`${folder}/img/twitter/64/1f600.png`, "");
    await assertRejects(() => listEmoji("all", { cache }), DataError, "1 of 3786 images");
    await assertRejects(() => listEmoji("faces", { cache }), DataError, `delete that folder`);
  });
});
