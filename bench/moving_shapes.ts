// The clips of docs/video.md: deno run -A bench/moving_shapes.ts DIR
// 600 GIF files of 24 frames at 32 pixels, each of a disc or a square that goes straight on.

import { animatedGif } from "../src/picture/animated_gif.ts";
import { byFrame, FRAME_MILLISECONDS } from "../src/picture/clips.ts";
import { imageBytes } from "../src/picture/pictures.ts";
import { movingShape } from "../tests/helpers/moving_shapes.ts";

const [folder = "shapes"] = Deno.args;
const size = { imageSize: 32, channels: 3, frames: 24 } as const;
await Deno.mkdir(folder, { recursive: true });
for (let i = 0; i < 600; i++) {
  const clip = byFrame(movingShape(i, size.frames, size.imageSize, 0.17), size);
  const frames = clip.map((frame) => ({
    width: size.imageSize,
    height: size.imageSize,
    channels: size.channels,
    data: imageBytes(frame, 0, size),
  }));
  const gif = animatedGif(frames, { milliseconds: FRAME_MILLISECONDS });
  await Deno.writeFile(`${folder}/${String(i).padStart(4, "0")}.gif`, gif);
}
