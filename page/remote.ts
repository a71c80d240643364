/// <reference lib="dom" />
/**
 * Drawing on the server that the page came from.
 *
 * @module
 */
import { decode } from "fast-png";
import { type ExampleConfig, exampleSize, pixelsOf } from "../src/model/example.ts";
import { classListText } from "../src/model/class_names.ts";
import { framesOf } from "../src/picture/animated_png.ts";
import { deviceIn, recordIn } from "../src/picture/record.ts";
import { rgbaOf } from "./pixels.ts";
import { readEvents } from "./event_stream.ts";
import type { DrawnPictures, Network, WorkEvent } from "./protocol.ts";
import { authorization } from "./token.ts";
import { indicesOf, type Settings } from "./settings.ts";

/** How many times on the way each picture is shown. */
const PREVIEWS = 8;

/** The query of `v1/images/stream`. */
export function queryOf(
  { count, index, classes, guidance, ...rest }: Settings,
  { config: { numClasses }, classNames }: Pick<Network, "config" | "classNames">,
): string {
  const { clip, interpolate, sampleSchedule, ...sent } = rest;
  const query = new URLSearchParams({
    // Pictures don't depend on how many there are, but on a path; of one alone all before it come, too.
    count: String(index === undefined || interpolate ? count : index + 1),
    ...Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, String(value)])),
    clip: clip === "on" ? "true" : clip === "off" ? "false" : clip,
    previews: String(PREVIEWS),
  });
  if (sampleSchedule) query.set("sampleSchedule", sampleSchedule);
  if (interpolate) query.set("interpolate", interpolate.join());
  if (classes.length > 0) {
    query.set("class", classListText(classes, numClasses, classNames));
    query.set("guidance", String(guidance));
  }
  return query.toString();
}

/** Data of the events, as far as the page uses them. */
interface EventData {
  readonly done?: number;
  readonly total?: number;
  readonly index?: number;
  readonly png?: string;
  readonly error?: string;
}

/**
 * Asks the server for pictures.
 *
 * @returns the pictures of the settings' indices
 */
export async function drawThere(
  settings: Settings,
  network: Network,
  signal: AbortSignal,
  tell: (event: WorkEvent) => void,
): Promise<DrawnPictures> {
  const headers = authorization();
  const response = await fetch(`v1/images/stream?${queryOf(settings, network)}`, {
    headers,
    signal,
  });
  if (!response.ok) throw new Error(await refusal(response));
  const indices = indicesOf(settings);
  const each = exampleSize(network.config);
  const images = new Float32Array(indices.length * each);
  let missing = indices.length;
  let device: string | undefined;
  let precision: string | undefined;
  for await (const { event, data } of readEvents(response.body!)) {
    const { done, total, index, png, error }: EventData = JSON.parse(data);
    if (event === "error") throw new Error(`The server could not draw: ${error}`);
    if (event === "progress") tell({ type: "step", done: done!, total: total! });
    const place = index === undefined ? -1 : indices.indexOf(index);
    if (place < 0) continue;
    const bytes = Uint8Array.from(atob(png!), (character) => character.charCodeAt(0));
    const image = imageOf(bytes, network.config);
    tell({ type: "estimate", indices: [index!], pixels: rgbaOf(image, network.config) });
    if (event !== "image") continue;
    device = deviceIn(bytes);
    precision = recordIn(bytes)?.precision as string | undefined;
    images.set(image, place * each);
    missing--;
  }
  if (missing > 0) throw new Error("The connection to the server broke before all was drawn.");
  return { images, device, precision };
}

async function refusal(response: Response): Promise<string> {
  const { error } = await response.json().catch(() => ({})) as { error?: string };
  const wait = Number(response.headers.get("retry-after"));
  const again = wait > 0 ? ` It can be asked again in ${wait} s.` : "";
  return `The server answered ${response.status}${error ? `: ${error}` : ""}.${again}`;
}

/**
 * (C, T, H, W) in [-1, 1] of a PNG, of clips an animated one: values that become its bytes again. A
 * canvas would round the colors of transparent pixels.
 */
function imageOf(png: Uint8Array<ArrayBuffer>, config: ExampleConfig): Float32Array {
  const { channels, frames } = config;
  const image = new Float32Array(exampleSize(config));
  const plane = pixelsOf(config);
  for (const [t, frame] of (frames > 1 ? framesOf(png) : [png]).entries()) {
    decode(frame).data.forEach((byte, i) => {
      const channel = i % channels;
      image[(channel * frames + t) * plane + (i - channel) / channels] = byte / 127.5 - 1;
    });
  }
  return image;
}
