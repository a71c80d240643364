// A network that brings its own way of sampling is sampled so by the service, too.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { decodeCommon } from "../../src/data/decode_common.ts";
import { completeConfig } from "../../src/model/config.ts";
import { imageFields } from "../../src/service/fields.ts";
import { parseImageRequest } from "../../src/service/image_request.ts";
import { HttpError } from "../../src/service/answers.ts";
import { completeLimits } from "../../src/service/limits.ts";

const sampling = { sampler: "ddpm", steps: 250, variance: "large", sampleSchedule: "cosine" };
const network = { config: completeConfig({ imageSize: 8, patchSize: 4 }), sampling };
const limits = completeLimits();
const fields = imageFields(network, limits);

async function settingsOf(given: Readonly<Record<string, unknown>>) {
  const context = { network, limits, checkpoint: "0", decode: decodeCommon };
  const { settings, record } = await parseImageRequest(given, fields, context);
  const { sampler, steps, variance, sampleSchedule } = settings;
  assertEquals(record.sampleSchedule, sampleSchedule, "the record");
  return { sampler, steps, variance, sampleSchedule };
}

Deno.test("parseImageRequest() samples as the network's run does unless a sampler is named", async () => {
  assertEquals(await settingsOf({}), sampling as never);
  assertEquals(await settingsOf({ steps: 10 }), { ...sampling, steps: 10 } as never);
  assertEquals(await settingsOf({ sampler: "dpm++" }), {
    sampler: "dpm++",
    steps: 25,
    variance: "small",
    sampleSchedule: undefined,
  });
  assertMatch(
    fields.sampler.about,
    /as its run does: ddpm, 250 steps, variance large, along cosine/,
  );
});

Deno.test("parseImageRequest() answers 400 to an unknown sampleSchedule", async () => {
  const error = await assertRejects(() => settingsOf({ sampleSchedule: "round" }), HttpError);
  assertEquals(error.status, 400);
  assertMatch(error.message, /^Unknown schedule "round": use linear/);
});
