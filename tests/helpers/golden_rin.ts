// The golden networks on a device.

import { Rin } from "../../src/diffusion/rin.ts";
import type { Device } from "../../src/device/device.ts";
import type { RinConfig } from "../../src/model/config.ts";
import { type SafeTensors, writeSafetensors } from "../../src/model/safetensors.ts";
import { type GoldenFile, goldenUrl, parseConfig, regenerateWeights } from "./golden.ts";

/** A network of given weights, loaded as a PyTorch state_dict is. */
export function loadWeights(
  device: Device,
  tensors: SafeTensors["tensors"],
  config: Partial<RinConfig>,
): Promise<Rin> {
  return Rin.load(device, writeSafetensors({ metadata: {}, tensors }), { config });
}

/** The network of a golden file, as the original trains it: it predicts the noise. */
export function loadGolden(
  device: Device,
  golden: GoldenFile,
  config: Partial<RinConfig> = {},
): Promise<Rin> {
  const names = [...golden.parameters().keys()];
  const tensors = new Map(names.map((name) => [name, golden.tensor(name)]));
  return loadWeights(device, tensors, { ...golden.config(), prediction: "eps", ...config });
}

/** What is known of a gradient that is too large to keep. */
export interface Checksum {
  readonly norm: number;
  readonly first: readonly number[];
}

/** The README's network with its regenerated weights, and the checksums of its gradients. */
export async function loadReadme(
  device: Device,
): Promise<{ rin: Rin; gradients: Record<string, Checksum> }> {
  const json = JSON.parse(Deno.readTextFileSync(goldenUrl("C_readme_checksums.json")));
  const config = parseConfig(json.config);
  const tensors = regenerateWeights(config, json.seed);
  const rin = await loadWeights(device, tensors, { ...config, prediction: "eps" });
  return { rin, gradients: json.grads_f64 };
}
