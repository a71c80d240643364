// The shape of pictures in most tests.

import type { PictureConfig } from "../../src/model/example.ts";

/** RGB at a size. */
export function rgb(imageSize: PictureConfig["imageSize"]): PictureConfig {
  return { imageSize, channels: 3 };
}
