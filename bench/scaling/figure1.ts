/**
 * The paper's presets beside the work that Figure 1 of the paper gives for their networks.
 *
 * @module
 */
import { completeConfig, type RinConfig } from "../../src/model/config.ts";
import { forwardFlops } from "../../src/model/flops.ts";
import { countParameters } from "../../src/model/parameters.ts";
import { PRESETS } from "../../src/run/presets.ts";
import { markdown } from "../measure.ts";

/** GFLOP a pass, by the preset of the same patches and latents. */
export const FIGURE_1 = {
  imagenet128: 194,
  imagenet256: 334,
  imagenet512: 425,
  kinetics: 387,
} as const;

/** The changes that bring the presets nearest to the figure. */
export function nearest(config: RinConfig): RinConfig {
  const blockDepth = Number(config.blockDepth) + 2;
  return completeConfig({ ...config, blockDepth, layers: "original" });
}

/** A table in Markdown. */
export function figure1Table(): string {
  const giga = (flops: number) => `${(flops / 1e9).toFixed(0)}`;
  const rows = Object.entries(FIGURE_1).map(([name, figure]) => {
    const config = completeConfig(PRESETS[name].network);
    const changed = nearest(config);
    return [
      `\`${name}\``,
      `${figure}`,
      giga(forwardFlops(config)),
      giga(forwardFlops(completeConfig({ ...config, blockDepth: Number(config.blockDepth) + 2 }))),
      giga(forwardFlops(changed)),
      `${(countParameters(config) / 1e6).toFixed(0)} M`,
      `${(countParameters(changed) / 1e6).toFixed(0)} M`,
    ];
  });
  return markdown([
    "GFLOP a pass",
    "Figure 1",
    "preset",
    "2 layers more a block",
    "and wider read and write",
    "parameters",
    "with both",
  ], rows);
}
