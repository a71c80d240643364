// The service, asked in broken words: it answers, or refuses with a 4xx and one sentence.

import { Rin } from "../../src/diffusion/rin.ts";
import { requestCpu } from "../../src/device/cpu/request.ts";
import { clipPng } from "../../src/picture/clips.ts";
import { imagePng } from "../../src/picture/pictures.ts";
import { createService, type Service } from "../../src/service/service.ts";
import { smallNet } from "../helpers/small_net.ts";
import { CHECKPOINT } from "../service/tiny_service.ts";
import type { Target } from "./fuzz.ts";
import { rgb } from "../helpers/rgb.ts";

const BOUNDARY = "rin-fuzz";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

/** A service that has little work to do, made when it is first asked. */
function served(checkpoint: Uint8Array<ArrayBuffer>): () => Promise<Service> {
  let service: Promise<Service> | undefined;
  return () =>
    service ??= (async () => {
      const rin = await Rin.load(await requestCpu({ threads: 1 }), checkpoint);
      const limits = { work: 6, wait: 0, pixels: 10_000, body: 100_000 };
      return await createService({ rin, checkpoint, limits });
    })();
}

const images = served(CHECKPOINT);
const clips = served(smallNet(1, { frames: 2, patchFrames: 2, positions: "sincos" }));

/** @throws {Error} called Refused for an answer that is a refusal as it should be */
async function ask(service: () => Promise<Service>, path: string, init: RequestInit = {}) {
  const { fetch } = await service();
  const answer = await fetch(new Request(`http://localhost/v1/images${path}`, init));
  const { status } = answer;
  const text = await answer.text();
  if (status === 200) return;
  const { error } = JSON.parse(text);
  const isSentence = typeof error === "string" && /^[^\n]{10,400}$/.test(error);
  if (status < 400 || status >= 500 || !isSentence) throw new Error(`${status}: ${text}`);
  throw Object.assign(new Error(error), { name: "Refused" });
}

const post = (service: () => Promise<Service>, type: string) => (body: Uint8Array<ArrayBuffer>) =>
  ask(service, "", { method: "POST", headers: { "content-type": type }, body });

const wave = Float32Array.from({ length: 3 * 2 * 144 }, (_, i) => Math.sin(i * 0.1));
const picture = imagePng(wave, 0, rgb(12));
const clip = clipPng(wave, { ...rgb(12), frames: 2 });

/** A form of texts and files. */
function form(parts: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const pieces = Object.entries(parts).map(([name, value]) => {
    const file = typeof value === "string" ? "" : '; filename="a.png"\r\ncontent-type: image/png';
    const text = typeof value === "string" ? value : textOf(value);
    return `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n${text}\r\n`;
  });
  const whole = `${pieces.join("")}--${BOUNDARY}--\r\n`;
  return Uint8Array.from(whole, (letter) => letter.charCodeAt(0));
}

const FORM = `multipart/form-data; boundary=${BOUNDARY}`;

const begun = { steps: "2", image: picture, strength: "0.5", class: "cat" };

const targets: readonly Pick<Target, "name" | "files" | "read">[] = [
  {
    name: "service: path and query",
    files: () =>
      [
        "/7.png?steps=2&class=cat&guidance=2&sampler=dpm%2B%2B&network=",
        "/4294967295.png?times=logsnr&steps=1&clip=0.9&warmStart=0.5&eta=1",
        "/stream?steps=2&count=2&interpolate=3,8&previews=2&class=0..2",
      ].map(bytesOf),
    read: (bytes) => ask(images, textOf(bytes)),
  },
  {
    name: "service: JSON",
    files: () =>
      [
        { steps: 2, count: 2, class: ["cat", "dog"], seed: 7, format: "json" },
        { steps: 1, image: picture.toBase64(), mask: picture.toBase64(), strength: 0.5 },
        { steps: 2, count: 2, interpolate: [3, 8], format: "film", frames: 2 },
      ].map((value) => bytesOf(JSON.stringify(value))),
    read: post(images, "application/json"),
  },
  {
    name: "service: form",
    files: () => [form(begun), form({ count: "2", steps: "1", interpolate: "3,8" })],
    read: post(images, FORM),
  },
  {
    name: "service: form for clips",
    files: () => [form({ image: clip, mask: picture, steps: "1", format: "gif" })],
    read: post(clips, FORM),
  },
];

/** Paths with their queries, JSON, and forms. */
export const SERVICE_TARGETS: readonly Target[] = targets.map((target) => ({
  ...target,
  errors: ["Refused"],
  memory: () => 2 ** 27,
}));
