/**
 * A network as a web service: `fetch` from a request to its answer, for `deno serve`, an edge
 * runtime or a worker; nothing of it needs Deno. It batches requests for images that wait at the
 * same moment. Its own `/openapi.json` and `/docs` describe its answers.
 *
 * @example Ask it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { requestGpu, Rin } from "@rin/rin/sampler";
 * import { createService } from "@rin/rin/service";
 *
 * const gpu = await requestGpu();
 * const rin = await Rin.create(gpu, { imageSize: 16, patchSize: 4, latentDim: 32, numHeads: 2 });
 * const service = await createService({ rin, checkpoint: await rin.save() });
 * const body = JSON.stringify({ count: 2, steps: 5, seed: 1, format: "json" });
 * const headers = { "content-type": "application/json" };
 * const request = new Request("http://localhost/v1/images", { method: "POST", headers, body });
 * const { images } = await (await service.fetch(request)).json();
 * assertEquals(images[1].index, 1); // and png, in base64
 * await service.drain();
 * gpu.destroy();
 * ```
 *
 * @example Host it: `deno serve --allow-read=faces.safetensors host.ts`
 * ```ts ignore
 * import { requestGpu, Rin } from "@rin/rin/sampler";
 * import { createService } from "@rin/rin/service";
 *
 * const checkpoint = await Deno.readFile("faces.safetensors");
 * const rin = await Rin.load(await requestGpu(), checkpoint);
 * const { fetch } = await createService({ rin, checkpoint, name: "faces" });
 * export default { fetch };
 * ```
 *
 * @module
 */
export type { Asset, Assets } from "./src/service/assets.ts";
export type { Decode } from "./src/data/decode_common.ts";
export type { RgbImage } from "./src/data/rgb_image.ts";
export type { ServiceLimits } from "./src/service/limits.ts";
export { createService, type Service, type ServiceOptions } from "./src/service/service.ts";
