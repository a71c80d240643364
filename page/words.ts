/**
 * Sentences that are more than a few words.
 *
 * @module
 */
import { sidesOf } from "../src/model/image_size.ts";
import { type RinConfig } from "../src/model/config.ts";
import { ROUNDED_FROM } from "../src/model/identity.ts";
import { countParameters } from "../src/model/parameters.ts";
import type { SampleRecord } from "../src/picture/record.ts";
import { megabytes } from "./dom.ts";
import type { DeviceFound, Network } from "./protocol.ts";

/** Describes the device that draws in this browser. */
export function drawerOf(device: DeviceFound & { found: true }): string {
  const drawer = device.backend === "cpu"
    ? `this computer's CPU, ${device.threads === 1 ? "1 thread" : `${device.threads} threads`}`
    : device.name || "its GPU";
  return `Drawn in this browser by ${drawer}: nothing leaves this device.`;
}

/** Why nothing draws in this browser. */
export function noDevice(
  device: DeviceFound & { found: false },
): { title: string; text: string } {
  if (device.why === "insecure") {
    return {
      title: "This page came over an insecure connection",
      text: "Browsers let a page draw only over https or from this machine (localhost). Open " +
        "it that way to draw here.",
    };
  }
  return {
    title: "This browser can't draw",
    text: "It has no GPU for pages (WebGPU), and could not start on the CPU: " +
      `${device.message.replace(/\.$/, "")}.`,
  };
}

/** `32 × 32 px · 1.3 M parameters · 5.2 MB`. */
export function factsOf({ config, bytes }: Pick<Network, "config" | "bytes">): string {
  const { imageSize, channels, frames } = config;
  const { width, height } = sidesOf(imageSize);
  return [
    `${width} × ${height} px`,
    ...channels === 3 ? [] : [channels === 1 ? "gray" : "with opacity"],
    ...frames > 1 ? [`${frames} frames`] : [],
    `${countOf(config)} parameters`,
    megabytes(bytes),
  ].map((fact) => fact.replaceAll(" ", "\u00a0")).join(" · ");
}

function countOf(config: RinConfig): string {
  const count = countParameters(config);
  return count < 1e6
    ? Math.round(count / 1e3) + " k"
    : (count / 1e6).toFixed(count < 1e7 ? 1 : 0) + " M";
}

/** Says which pictures a network was trained on, as far as its card does. */
export function creditOf({ about }: Pick<Network, "about">): string {
  const { trained_on: data, training_images: images, attribution } = about;
  const number = Number(images) > 0 ? `${Number(images).toLocaleString("en")} pictures` : undefined;
  const trained = data
    ? `Trained on ${[number, data].filter(Boolean).join(" of ")}.`
    : number
    ? `Trained on ${number}.`
    : "";
  return [trained, attribution ? `${attribution}.` : ""].filter(Boolean).join(" ");
}

/** Why this page can't draw with a network, if it can't. */
export function cannotDraw({ config: { contextFrames }, name }: Network): string | undefined {
  if (!(contextFrames > 0)) return undefined;
  return `${name} draws how a clip continues, and this page takes no clips. rin sample --context ` +
    "CLIP draws with it; so does POST /v1/images of rin serve.";
}

/** Why a picture can't be drawn again here, if it can't. */
export function cannotRepeat(
  record: SampleRecord,
  { about, identity, name }: Network,
): string | undefined {
  const short = (hash: unknown) => `${String(hash).slice(0, 8)}…`;
  if (record.checkpoint !== identity && record.checkpoint !== about[ROUNDED_FROM]) {
    return `It was made with another checkpoint (${short(record.checkpoint)}) than ${name} ` +
      `(${short(identity)}). Drop that checkpoint here first, then the picture again.`;
  }
  if (record.attention !== undefined) {
    return "It shows heat maps, which rin attention made and this page does not save.";
  }
  if (record.precision !== undefined) {
    return "It was drawn in half precision, and this page draws in full. " +
      "rin sample --like PICTURE.png draws it again.";
  }
  if (record.imageSize !== undefined) {
    return `It was drawn at ${record.imageSize} px, another size than the network's, which this ` +
      "page does not draw at. rin sample --like PICTURE.png draws it again.";
  }
  if (record.context !== undefined) {
    return "It continues a clip, and this page takes none. With both files, " +
      "rin sample --like PICTURE.apng --context CLIP draws it again.";
  }
  if (record.image !== undefined) {
    return "It was made from another picture, and this page takes none. With both files, " +
      "rin sample --like PICTURE.png --image OTHER.png draws it again.";
  }
}
