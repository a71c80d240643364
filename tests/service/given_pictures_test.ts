// Pictures in requests: in JSON and in forms, what they are checked for, and who shares a batch.

import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { decode } from "fast-png";
import { decodeClip } from "../../src/data/decode_clip.ts";
import { decodeGiven } from "../../src/data/given_picture.ts";
import { clipPng } from "../../src/picture/clips.ts";
import { movingShape } from "../helpers/moving_shapes.ts";
import { smallNet } from "../helpers/small_net.ts";
import { decodeImage } from "../../src/data/decode_image.ts";
import { sha256 } from "../../src/model/identity.ts";
import { imagePng } from "../../src/picture/pictures.ts";
import { recordIn } from "../../src/picture/record.ts";
import { type Asked, errorOf, serviceTest, withService } from "./tiny_service.ts";
import { rgb } from "../helpers/rgb.ts";

const wave = Float32Array.from({ length: 3 * 40 * 40 }, (_, i) => Math.sin(i * 0.01));
const picture = new Uint8Array(imagePng(wave, 0, rgb(40)));
const image = picture.toBase64();
const mask = imagePng(new Float32Array(3 * 64).map((_, i) => i % 8 < 4 ? 1 : -1), 0, rgb(8))
  .toBase64();

const formats: Record<string, { file: string }> = JSON.parse(
  Deno.readTextFileSync(new URL("../data/fixtures/formats_pil.json", import.meta.url)),
);

const pixels = async (answer: Response) => {
  if (answer.status !== 200) throw new Error(await answer.text());
  return decode(await answer.bytes()).data.join();
};

const sendForm = ({ get }: Pick<Asked, "get">, ...parts: [string, string | Uint8Array][]) => {
  const body = new FormData();
  for (const [name, value] of parts) {
    body.append(name, typeof value === "string" ? value : new File([value.slice()], "any.exe"));
  }
  return get("/v1/images", { method: "POST", body });
};

serviceTest(
  "given pictures are the same as base64, data URL, and file of a form",
  (device) =>
    withService(device, {}, async (asked) => {
      const { post } = asked;
      const one = await (await post({ steps: 3, image, mask, strength: 0.7 })).bytes();
      assertEquals(recordIn(one)!.image, await sha256(picture));
      assertEquals(recordIn(one)!.strength, 0.7);
      const url = { steps: 3, image: `data:image/png;base64,${image}`, mask, strength: 0.7 };
      assertEquals(await (await post(url)).bytes(), one);
      const parts: [string, string | Uint8Array][] = [
        ["strength", "0.7"],
        ["mask", mask],
        ["image", picture],
        ["steps", "3"],
      ];
      assertEquals(await (await sendForm(asked, ...parts)).bytes(), one);
      // Without strength it is another for a mask, and what is black stays.
      const kept = decode(await (await post({ steps: 3, image, strength: 0 })).bytes()).data;
      const painted = decode(await (await post({ steps: 3, image, mask })).bytes()).data;
      const half = (data: ArrayLike<number>, left: boolean) =>
        Array.from(data).filter((_, i) => Math.floor(i / 3) % 8 < 4 === left).join();
      assertEquals(half(painted, false), half(kept, false));
      assertNotEquals(half(painted, true), half(kept, true));
    }),
);

serviceTest(
  "given pictures share a batch only with equal ones",
  (device) =>
    withService(device, { limits: { wait: 60 } }, async ({ post, metric }) => {
      const base = { steps: 3, image };
      const requests = [
        base,
        { ...base, seed: 1 },
        { ...base, image: `data:image/png;base64,${image}`, seed: 2 },
        { ...base, strength: 0.5 },
        { ...base, mask, strength: 0.6 },
        { ...base, image: mask },
        { steps: 3 },
        { steps: 3, count: 3, interpolate: [1, 2] },
        { steps: 3, count: 3, interpolate: [1, 2], class: "cat" },
        { steps: 3, count: 4, interpolate: [1, 2] },
        { steps: 3, count: 3, interpolate: [1, 3] },
      ];
      const together = await Promise.all(requests.map((request) => post(request).then(pixels)));
      assertEquals(await metric("rin_batch_images_count"), 8);
      for (const [i, request] of requests.entries()) {
        assertEquals(await post(request).then(pixels), together[i], JSON.stringify(request));
      }
      assertEquals(new Set(together).size, requests.length);
    }),
);

serviceTest(
  "interpolation stays one path when it is cut into batches",
  (device) =>
    withService(device, { limits: { batch: 2 } }, async ({ post, rin }) => {
      const made = await (await post({ steps: 2, count: 5, interpolate: [1, 2], format: "json" }))
        .json();
      const whole = await rin.sample({ sampler: "dpm++", steps: 2, count: 5, interpolate: [1, 2] });
      for (const [i, { png }] of made.images.entries()) {
        const expected = decode(imagePng(whole, i, rgb(8))).data.join();
        assertEquals(decode(Uint8Array.fromBase64(png)).data.join(), expected);
      }
    }),
);

serviceTest(
  "films have estimates of every image, also if a request is cut into batches",
  (device) =>
    withService(device, { limits: { batch: 2 } }, async ({ post, rin }) => {
      const asked = { steps: 4, sampler: "ddim", count: 3, format: "film", frames: 4 };
      const film = decode(await (await post(asked)).bytes());
      assertEquals([film.width, film.height], [4 * 10 + 2, 3 * 10 + 2]);
      // The last column holds the images themselves.
      const images = await rin.sample({ steps: 4, sampler: "ddim", count: 3 });
      for (let i = 0; i < 3; i++) {
        const last = decode(imagePng(images, i, rgb(8))).data;
        for (let y = 0; y < 8; y++) {
          const at = 3 * ((2 + i * 10 + y) * film.width + 2 + 3 * 10);
          assertEquals(film.data.slice(at, at + 24), last.slice(24 * y, 24 * (y + 1)));
        }
      }
      assertEquals(
        (await post({ ...asked, format: "gif" })).headers.get("content-type"),
        "image/gif",
      );
    }),
);

serviceTest(
  "streams go from one seed to the other, too",
  (device) =>
    withService(device, {}, async ({ get, post }) => {
      const query = "steps=2&previews=0&count=2&interpolate=4,9";
      const text = await (await get(`/v1/images/stream?${query}`)).text();
      const pngs = [...text.matchAll(/"png":"([^"]+)"/g)].map(([, png]) => png);
      const body = { steps: 2, count: 2, interpolate: [4, 9], format: "json" };
      const { images } = await (await post(body)).json();
      assertEquals(pngs, images.map(({ png }: { png: string }) => png));
    }),
);

serviceTest("given WebP is read if there is a decoder", async (device) => {
  const webp = formats["lossy.webp"].file;
  await withService(device, {}, async ({ post }) => {
    const [status, sentence] = await errorOf(await post({ steps: 1, image: webp }));
    assertEquals(status, 400);
    assertStringIncludes(
      sentence,
      "Cannot decode WebP: its decoder is not here; convert it to PNG",
    );
  });
  await withService(device, { decode: decodeImage }, async ({ post }) => {
    assertEquals((await post({ steps: 1, image: webp })).status, 200);
  });
});

serviceTest(
  "impossible given pictures get their sentence",
  (device) =>
    withService(device, { limits: { pixels: 1600, body: 20_000, work: 500 } }, async (asked) => {
      const { post } = asked;
      const large = imagePng(new Float32Array(3 * 41 * 41), 0, rgb(41)).toBase64();
      const bodies: [body: Record<string, unknown>, sentence: string][] = [
        [{ image: "" }, 'image is "": expected a picture\'s file as base64 or as a data URL'],
        [{ image: "a b" }, 'image is "a b": expected'],
        [{ image: "AAAAA" }, 'image is "AAAAA": expected'],
        [{ image: 5 }, "image is 5: expected"],
        [{ image: [1, 2] }, "image is [1,2]: expected"],
        [{ image: "data:image/png,abc" }, "expected a picture's file as base64"],
        [{ image: "https://example.org/a.png" }, "expected a picture's file as base64"],
        [{ image: "AAAA" }, "image can't be used: Cannot decode image: it is not PNG, JPEG"],
        [{ image: picture.slice(0, 200).toBase64() }, "Cannot decode PNG: the file is damaged"],
        [
          { image: large },
          "its header says 41x41 pixels, where 1x1 up to 1600 pixels are accepted",
        ],
        [{ image, mask: "AAAA" }, "mask can't be used: Cannot decode image"],
        [{ context: image }, 'There is no field "context": known are'],
        [{ mask }, "mask is given without an image"],
        [{ strength: 1 }, "strength is given without an image"],
        [{ image, strength: 1.1 }, "strength is 1.1: expected a number from 0 to 1"],
        [{ interpolate: [1, 2] }, "interpolate needs a count of 2 or more"],
        [{ count: 2, interpolate: [1] }, "interpolate is [1]: expected a list of 2, each a whole"],
        [{ count: 2, interpolate: [1, -1] }, "interpolate is [1,-1]: expected a list of 2"],
        [{ count: 2, interpolate: "1,2" }, 'interpolate is "1,2": expected a list of 2'],
        [{ frames: 3 }, 'frames is 3, and format is "png": use "film", "apng" or "gif"'],
        [{ format: "film" }, 'format is "film", and frames is not given'],
        [{ format: "film", frames: 0 }, "frames is 0: expected a whole number from 1 to 1000"],
        [{ count: 26 }, 'count is 26, and one picture of format "grid" holds at most 25 here'],
        [
          { count: 2, format: "apng" },
          'one picture of format "apng" holds at most 1 here: use "json"',
        ],
        [{ image, steps: 501 }, "count x steps is 501: this service does at most 500"],
      ];
      for (const [body, sentence] of bodies) {
        const answer = await post({ steps: 1, ...body });
        assertEquals(answer.headers.get("cache-control"), "no-store");
        const [status, error] = await errorOf(answer);
        assertEquals(status, 400, error);
        assertStringIncludes(error, sentence);
        assert(error.length < 400 && !error.includes("\n"), error);
      }
      const forms: [parts: [string, string | Uint8Array][], sentence: string][] = [
        [[["steps", "1"], ["steps", "2"]], '"steps" is given 2 times'],
        [[["steps", picture]], "steps is a file: expected a whole number"],
        [[["count", "2"], ["interpolate", Uint8Array.of(1, 2)]], "interpolate is a file: expected"],
        [[["picture", picture]], 'There is no field "picture": known are'],
        [[["image", new Uint8Array()]], "Cannot decode image: the file is empty"],
        [
          [["count", "2"], ["interpolate", "1,2,3"]],
          'interpolate is "1,2,3": expected a list of 2',
        ],
        [[["steps", "one"]], 'steps is "one": expected'],
      ];
      for (const [parts, sentence] of forms) {
        const [status, error] = await errorOf(await sendForm(asked, ...parts));
        assertEquals(status, 400, error);
        assertStringIncludes(error, sentence);
      }
      for (const type of ["multipart/form-data", "multipart/form-data; boundary=x"]) {
        const answer = await post("--y\r\n", { headers: { "content-type": type } });
        assertEquals(await errorOf(answer), [400, "The body is not valid multipart/form-data"]);
      }
      const long = await sendForm(asked, ["image", new Uint8Array(20_000)]);
      assertEquals(await errorOf(long), [413, "The body is longer than 20000 bytes"]);
      assertEquals((await post({ steps: 1 })).status, 200);
    }),
);

serviceTest(
  "a clip is continued where the network needs one, and only there",
  (device) => {
    const clip = movingShape(3, 3, 8);
    const begun = clipPng(clip, { ...rgb(8), frames: 3 });
    const context = begun.toBase64();
    const other = clipPng(movingShape(4, 3, 8), { ...rgb(8), frames: 3 }).toBase64();
    const test = async (asked: Asked) => {
      const { post, get, rin, metric } = asked;
      const bodies = [0, 1].flatMap((seed) => [{ seed, context }, { seed, context: other }]);
      const clips = await Promise.all(bodies.map(async (body) => {
        const answer = await post({ steps: 2, ...body });
        assertEquals(answer.headers.get("content-type"), "image/png");
        return answer.bytes();
      }));
      assertEquals(await metric("rin_batch_images_count"), 2);
      const [data, futures] = [begun, clips[0]].map((png) => decodeClip(png).data);
      assertEquals(futures.slice(0, 2 * 192), data.slice(0, 2 * 192));
      assertEquals(recordIn(clips[0])!.context, await sha256(begun));
      const given = decodeGiven(begun, "context", rin.config, decodeImage);
      const wanted = await rin.sample({ sampler: "dpm++", steps: 2, context: given, count: 1 });
      assertEquals(futures, decodeClip(clipPng(wanted, { ...rgb(8), frames: 4 })).data);
      assertEquals(decodeClip(clips[1]).data.slice(0, 384) === futures.slice(0, 384), false);
      const form = await sendForm(asked, ["steps", "2"], ["context", begun], ["format", "gif"]);
      assertEquals([form.status, form.headers.get("content-type")], [200, "image/gif"]);
      const missing =
        "context is missing: this network continues clips, so send the first 2 frames";
      for (
        const answer of [
          await post({ steps: 2 }),
          await get("/v1/images/1.png"),
          await get("/v1/images/stream"),
        ]
      ) {
        const [status, error] = await errorOf(answer);
        assertEquals([status, error.slice(0, missing.length)], [400, missing]);
      }
      assertEquals(await errorOf(await post({ steps: 2, context: image })), [
        400,
        "context can't be used: it has 1 frame, where the network sees 2; give a longer clip",
      ]);
      const { info, paths } = await (await get("/openapi.json")).json();
      assertStringIncludes(info.description, "the first 2 frames taken from the request's context");
      assertEquals(Object.keys(paths).filter((path) => path.startsWith("/v1")), ["/v1/images"]);
      for (
        const { schema } of Object.values(paths["/v1/images"].post.requestBody.content) as never[]
      ) {
        assertEquals((schema as { required: string[] }).required, ["context"]);
      }
      assertStringIncludes(await (await get("/docs")).text(), "curl -F context=@begun.gif");
    };
    const network = { imageSize: 8, frames: 4, contextFrames: 2, patchFrames: 2 };
    return withService(device, { limits: { wait: 60 } }, test, smallNet(1, network));
  },
);

serviceTest(
  "openapi.json has both content types",
  (device) =>
    withService(device, {}, async ({ get }) => {
      const { paths } = await (await get("/openapi.json")).json();
      const { content } = paths["/v1/images"].post.requestBody;
      const [json, form] = ["application/json", "multipart/form-data"].map((type) =>
        content[type].schema.properties
      );
      assertEquals(Object.keys(json), Object.keys(form));
      assertEquals([json.image.contentEncoding, form.image.contentMediaType], [
        "base64",
        "application/octet-stream",
      ]);
      const { type, minItems, maxItems } = json.interpolate;
      assertEquals([type, minItems, maxItems], ["array", 2, 2]);
      const html = await (await get("/docs")).text();
      assertStringIncludes(html, "base64 or a data URL; in a form a file");
      assertStringIncludes(html, "a list of 2, each whole number, 0 to 4294967295");
      const [seed, ...query] = paths["/v1/images/{seed}.png"].get.parameters;
      assertEquals([seed.name, seed.in, seed.required], ["seed", "path", true]);
      assert(query.every((parameter: { in: string }) => parameter.in === "query"));
    }),
);
