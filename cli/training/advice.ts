/**
 * Advice on settings that are valid but unusual.
 *
 * @module
 */
import type { RinConfig } from "../../src/model/config.ts";
import { patchFeatures } from "../../src/model/example.ts";

/**
 * A sentence where a token is narrower than its patch and noise is predicted: the readout is linear,
 * so of noise, which has as many directions as a patch has numbers, it can't give more than the
 * token's width. A clean patch has far fewer.
 */
export function adviceOn(config: RinConfig): string | undefined {
  const { prediction, interfaceDim } = config;
  const numbers = patchFeatures(config);
  if (prediction === "x0" || interfaceDim >= numbers) return undefined;
  return `Note: a patch has ${numbers} numbers and its token ${interfaceDim}, so ` +
    `--prediction ${prediction} leaves a part of the noise unpredictable: use a smaller ` +
    `--patch-size, --interface-dim ${numbers} or --prediction x0`;
}
