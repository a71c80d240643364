// Small networks, untrained: they draw something, and fast.

import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../../src/model/checkpoint.ts";
import { completeConfig, type RinConfig } from "../../src/model/config.ts";
import { initialize } from "../../src/model/initialize.ts";
import { parameterLayout } from "../../src/model/parameters.ts";
import type { Dtype } from "../../src/model/safetensors.ts";

/** Sizes of a network of 16x16 pixels that samples in milliseconds. */
export const SMALL = {
  imageSize: 16,
  patchSize: 4,
  latentDim: 16,
  interfaceDim: 16,
  numLatents: 4,
  numBlocks: 1,
  numHeads: 2,
} as const;

/** The bytes of the checkpoint of one like it. */
export function smallNet(
  seed = 1,
  changes: Partial<RinConfig> = {},
  about?: Record<string, string>,
  dtype?: Dtype,
): Uint8Array<ArrayBuffer> {
  const config = completeConfig({ ...SMALL, ...changes });
  const parameters = initialize(parameterLayout(config), seed);
  return writeCheckpoint({ config, slabs: { parameters }, about }, dtype);
}

/** The checkpoint itself. */
export function readSmallNet(changes: Partial<RinConfig> = {}): Checkpoint {
  return readCheckpoint(smallNet(1, changes));
}
