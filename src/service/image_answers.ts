/**
 * Pictures as answers: PNG, JSON, or events as they come.
 *
 * @module
 */
import type { Rin } from "../diffusion/rin.ts";
import { type ExampleConfig, exampleSize, type PictureConfig } from "../model/example.ts";
import { byFrame, examplePng } from "../picture/clips.ts";
import { type Film, filmGif, filmPng, filmstripPng } from "../picture/film.ts";
import { labelledGridPng } from "../picture/labelled_grid.ts";
import { gridPng, imagePng } from "../picture/pictures.ts";
import { recordJson, recordOfOne, recordText } from "../picture/record.ts";
import { CLIENT_CLOSED, HttpError, jsonAnswer } from "./answers.ts";
import { toBase64 } from "./base64.ts";
import type { Listener } from "./batcher.ts";
import { type ImageRequest, isFilm } from "./image_request.ts";

const NOT_KEPT = { "content-type": "image/png", "cache-control": "no-store" };

/** Has images made: settled when all are. */
export type MakeImages = (
  request: ImageRequest,
  listener: Listener,
  signal: AbortSignal,
) => Promise<void>;

/** Milliseconds between two events of progress, at least. */
const PROGRESS_MS = 100;

/** Milliseconds of silence after which the server sends something, so that no proxy gives up. */
const KEEP_ALIVE_MS = 15_000;

/** Events that a slow reader can be behind before it misses previews. */
const MAX_BACKLOG = 64;

/**
 * Makes images and answers with all of them.
 *
 * @param headers of an answer that is a PNG
 */
export async function imagesAnswer(
  make: MakeImages,
  request: ImageRequest,
  { config, device }: Rin,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = NOT_KEPT,
): Promise<Response> {
  const { count, format } = request;
  const { provenance } = device;
  if (format === "json") {
    const images: unknown[] = Array(count);
    const onImage = (index: number, image: Float32Array) =>
      images[index] = imageJson(request, index, image, { config, device: provenance });
    await make(request, { onImage }, signal);
    return jsonAnswer({ images });
  }
  const each = exampleSize(config);
  const images = new Float32Array(count * each);
  /** Each of all images, and how many of an image there are. */
  const estimates: Float32Array[] = [];
  const shown = new Uint32Array(count);
  await make(request, {
    onImage: (index, image) => images.set(image, index * each),
    ...isFilm(format) && {
      onPreview: (index, image) =>
        (estimates[shown[index]++] ??= new Float32Array(count * each)).set(image, index * each),
    },
  }, signal);
  const clips = config.frames > 1;
  const moments = clips ? byFrame(images, config) : [...estimates, images];
  const film: Film = { moments, picture: config, count, clips };
  const file = clips || isFilm(format)
    ? filmOf(request, film, provenance)
    : stillOf(request, images, config, provenance);
  return new Response(new Uint8Array(file), {
    headers: format === "gif" ? { ...headers, "content-type": "image/gif" } : headers,
  });
}

function stillOf(
  { count, format, record, caption }: ImageRequest,
  images: Float32Array,
  picture: PictureConfig,
  device: string,
): Uint8Array {
  const text = recordText(record, device);
  if (count === 1 && format === "png") return imagePng(images, 0, picture, text);
  return caption
    ? labelledGridPng(images, picture, caption.words, { columns: caption.columns, text })
    : gridPng(images, picture, { text });
}

function filmOf({ format, record }: ImageRequest, film: Film, device: string): Uint8Array {
  if (format === "gif") return filmGif(film, recordJson(record, device));
  const text = recordText(record, device);
  return format === "film" ? filmstripPng(film, text) : filmPng(film, text);
}

/** Describes one image: its number, seed and class, and a PNG with its record. */
function imageJson(
  request: ImageRequest,
  index: number,
  image: Float32Array,
  { config, device }: { readonly config: ExampleConfig; readonly device: string },
) {
  const { seed, record } = request;
  const label = request.labels[index] < 0 ? undefined : request.labels[index];
  const text = recordText(recordOfOne(record, index, label), device);
  const png = examplePng(image, config, text);
  return { index, seed, class: label, png: toBase64(png) };
}

/**
 * Makes images and answers at once, with events as they happen: `progress`, `preview`, `image`, and
 * in the end `done` or `error`.
 *
 * @param end called when there is no more to send, with the error, if there was one
 */
export function streamAnswer(
  make: MakeImages,
  request: ImageRequest,
  { config, device }: Rin,
  signal: AbortSignal,
  end: (thrown?: unknown) => void,
): Response {
  const { count, settings: { steps } } = request;
  const made = { config, device: device.provenance };
  const left = new AbortController();
  const until = AbortSignal.any([signal, left.signal]);
  const encoder = new TextEncoder();
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const send = (text: string) => {
    if (!until.aborted) controller.enqueue(encoder.encode(text));
  };
  const event = (name: string, data: unknown) =>
    send(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  let last = -Infinity;
  const listener: Listener = {
    onProgress: (done, total) => {
      const now = performance.now();
      if (now - last < PROGRESS_MS && done < total) return;
      last = now;
      event("progress", { done, total });
    },
    onPreview: (index, image, step) => {
      if ((controller.desiredSize ?? 0) <= 0) return;
      const png = toBase64(examplePng(image, config));
      event("preview", { index, step, steps, png });
    },
    onImage: (index, image) => event("image", imageJson(request, index, image, made)),
  };
  const body = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: () => left.abort(new HttpError(CLIENT_CLOSED, "The client has left")),
  }, new CountQueuingStrategy({ highWaterMark: MAX_BACKLOG }));
  const done = make(request, listener, until);
  event("progress", { done: 0, total: count * steps });
  const alive = setInterval(() => send(": still here\n\n"), KEEP_ALIVE_MS);
  done.then(() => event("done", { images: count }), (thrown) => {
    event("error", { error: (thrown as Error).message });
    return thrown;
  }).then((thrown) => {
    clearInterval(alive);
    if (!until.aborted) controller.close();
    end(thrown);
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}
