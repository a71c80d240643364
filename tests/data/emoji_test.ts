import { assert, assertEquals, assertRejects } from "@std/assert";
import { loadSplits } from "../../src/data/dataset.ts";
import { decodeFile } from "../../src/data/decode_file.ts";
import { EMOJI_ATTRIBUTION, listEmoji } from "../../src/data/emoji.ts";
import { DataError } from "../../src/data/errors.ts";
import { withFolder, write } from "./scratch.ts";
import { rgb } from "../helpers/rgb.ts";

// These fetch the set on a machine's first run. Without a network set RIN_OFFLINE=1: they are then
// reported as ignored.
const ignore = Deno.env.get("RIN_OFFLINE") === "1";

Deno.test({
  name: "listEmoji() lists 118 faces or all 3,786, both sorted by name",
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
  name: "loadSplits() trains and validates on all 118 faces at 32 px, with their attribution",
  ignore,
  fn: async () => {
    const cache = await Deno.makeTempDir();
    const options = { source: "faces", imageSize: 32, cache };
    const { train, valid, skipped, attribution, close } = await loadSplits(options);
    assertEquals(train, valid);
    assertEquals([train.count, skipped], [118, []]);
    assertEquals(attribution, EMOJI_ATTRIBUTION);
    assertEquals(EMOJI_ATTRIBUTION, "Emoji images by Twitter (Twemoji), CC BY 4.0");
    // The grinning face: white outside the disc, yellow in the middle of its forehead.
    const names = (await listEmoji("faces")).map(({ name }) => name);
    const face = await train.read([names.indexOf("1f600.png")]);
    assertEquals(face.length, 3072);
    const pixel = (y: number, x: number) => [0, 1, 2].map((c) => face[c * 1024 + y * 32 + x]);
    assertEquals(pixel(0, 0), [255, 255, 255]);
    assertEquals(pixel(6, 16), [255, 204, 77]);
    close();
    await Deno.remove(cache, { recursive: true });
  },
});

Deno.test({
  name: "listEmoji() gives all emoji ten classes, their groups in Unicode's charts, skin tones too",
  ignore,
  fn: async () => {
    const cache = await Deno.makeTempDir();
    const labels = { from: "auto" };
    const { train, close } = await loadSplits({ source: "emoji", imageSize: 8, labels, cache });
    assertEquals(train.classNames, [
      ...["Activities", "Animals & Nature", "Component", "Flags", "Food & Drink", "Objects"],
      ...["People & Body", "Smileys & Emotion", "Symbols", "Travel & Places"],
    ]);
    close();
    await Deno.remove(cache, { recursive: true });
    const category = new Map(
      (await listEmoji("all")).map(({ name, category }) => [name, category]),
    );
    assertEquals(category.get("1f347.png"), "Food & Drink", "grapes");
    assertEquals(category.get("1f44b-1f3fd.png"), "People & Body", "a waving hand in a skin tone");
  },
});

Deno.test({
  name: "loadSplits() holds out a share of the faces on request",
  ignore,
  fn: async () => {
    const cache = await Deno.makeTempDir();
    const options = { source: "faces", imageSize: 8, validFraction: 0.3, cache };
    const { train, valid, close } = await loadSplits(options);
    assertEquals(train.count + valid.count, 118);
    assert(valid.count > 18 && valid.count < 54, `${valid.count}`);
    close();
    await Deno.remove(cache, { recursive: true });
  },
});

Deno.test({
  name: "loadSplits() holds out every 20th emoji by name",
  ignore,
  fn: async () => {
    const cache = await Deno.makeTempDir();
    const { train, valid, skipped, attribution, close } = await loadSplits({
      source: "emoji",
      imageSize: 2,
      cache,
    });
    assertEquals([train.count, valid.count, skipped], [3596, 190, []]);
    assertEquals(attribution, EMOJI_ATTRIBUTION);
    const files = await listEmoji("all");
    for (const [place, file] of [[0, 0], [1, 20], [189, 3780]]) {
      assertEquals(await valid.read([place]), decodeFile(files[file].path, rgb(2)));
    }
    close();
    await Deno.remove(cache, { recursive: true });
  },
});

Deno.test("listEmoji() names the folder to delete if the set lost files", async () => {
  await withFolder(async (cache) => {
    const folder = `${cache}/emoji-datasource-twitter-16.0.0`;
    await write(`${folder}/img/twitter/64/1f600.png`, "");
    const record = {
      image: "1f600.png",
      category: "Smileys & Emotion",
      subcategory: "face-smiling",
    };
    await write(`${folder}/emoji.json`, JSON.stringify([record]));
    await assertRejects(() => listEmoji("all", { cache }), DataError, "1 of 3786 images");
    await assertRejects(() => listEmoji("faces", { cache }), DataError, "1 of 118 images");
    await Deno.remove(`${folder}/emoji.json`);
    await assertRejects(() => listEmoji("faces", { cache }), DataError, "delete that folder");
  });
});
