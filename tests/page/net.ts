// Small networks, untrained: they draw something, and fast.

import { writeCheckpoint } from "../../src/model/checkpoint.ts";
import { completeConfig, type RinConfig } from "../../src/model/config.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import type { Dtype } from "../../src/model/safetensors.ts";

/** The bytes of a checkpoint. */
export function smallNet(
  seed: number,
  changes: Partial<RinConfig> = {},
  about?: Record<string, string>,
  dtype?: Dtype,
): Uint8Array<ArrayBuffer> {
  const config = completeConfig({
    imageSize: 16,
    patchSize: 4,
    latentDim: 16,
    interfaceDim: 16,
    numLatents: 4,
    numBlocks: 1,
    numHeads: 2,
    ...changes,
  });
  const parameters = initialize(parameterLayout(config), seed);
  return writeCheckpoint({ config, slabs: { parameters }, about }, dtype);
}
