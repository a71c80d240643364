/**
 * Networks that draw at another size than they were trained at.
 *
 * @module
 */
import { completeConfig } from "../../src/model/config.ts";
import { type ImageSize, sidesOf, sizeOf } from "../../src/model/image_size.ts";
import type { CheckpointFile } from "../../src/run/checkpoint_file.ts";
import { CommandError } from "../errors.ts";

/**
 * The checkpoint with another size of its pictures. The weights are the same: only positions that
 * were learned belong to one size.
 *
 * @param imageSize of the pictures
 * @throws {CommandError} when the network learned its positions, or patches don't divide the size
 * @throws {ConfigError} when the size is out of range
 */
export function atImageSize(file: CheckpointFile, imageSize: ImageSize): CheckpointFile {
  const { config } = file.checkpoint;
  if (imageSize === config.imageSize) return file;
  if (config.positions === "learned") {
    throw new CommandError(
      `Cannot draw ${imageSize} px with ${file.path}: it learned the positions of ` +
        `${config.imageSize} px pictures; only a network with --positions stretched or sincos can ` +
        `draw at other sizes`,
    );
  }
  const { patchSize } = config;
  const { width, height } = sidesOf(imageSize);
  if (width % patchSize > 0 || height % patchSize > 0) {
    const near = [Math.floor, Math.ceil].map((round) =>
      [width, height].map((side) => round(side / patchSize) * patchSize)
    ).filter((sides) => !sides.includes(0)).map(([width, height]) => sizeOf({ width, height }))
      .join(" or ");
    throw new CommandError(
      `--image-size is ${imageSize}: expected a multiple of the network's patches of ` +
        `${patchSize} px, such as ${near}`,
    );
  }
  const sized = completeConfig({ ...config, imageSize });
  return { ...file, checkpoint: { ...file.checkpoint, config: sized } };
}
