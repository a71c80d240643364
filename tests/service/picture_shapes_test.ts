// A service of a network of gray or transparent pictures whose sides differ.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { decode } from "fast-png";
import { Rin } from "../../src/diffusion/rin.ts";
import { imagePng } from "../../src/picture/pictures.ts";
import { createService } from "../../src/service/service.ts";
import { smallNet } from "../helpers/small_net.ts";
import { serviceTest } from "./tiny_service.ts";

for (const channels of [1, 4] as const) {
  serviceTest(`createService() answers with pictures of ${channels} channels`, async (device) => {
    const checkpoint = smallNet(1, { channels, imageSize: "8x12" });
    const rin = await Rin.load(device, checkpoint);
    const service = await createService({ rin, checkpoint, name: "net" });
    try {
      const settings = { steps: 2, sampler: "ddim", seed: 3 } as const;
      const ask = async (path: string, body?: unknown) =>
        await service.fetch(
          new Request(`http://localhost${path}`, {
            ...body !== undefined && { method: "POST", body: JSON.stringify(body) },
            headers: { "content-type": "application/json" },
          }),
        );
      const found = decode(await (await ask("/v1/images", settings)).bytes());
      const images = await rin.sample({ ...settings, count: 1 });
      const expected = decode(imagePng(images, 0, rin.config));
      assertEquals([found.width, found.height, found.channels], [8, 12, channels]);
      assertEquals([...found.data], [...expected.data]);
      const gif = await ask("/v1/images", { ...settings, format: "gif", frames: 2 });
      assertEquals(gif.headers.get("content-type"), "image/gif");
      await gif.body?.cancel();
      const { info } = await (await ask("/openapi.json")).json();
      assertStringIncludes(info.description, "8 x 12 pixels");
    } finally {
      service.close();
      await service.drain();
      rin.destroy();
    }
  });
}
