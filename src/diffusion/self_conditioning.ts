/**
 * Self-conditioning: the state that one pass of the network leaves to the next, as arrays.
 *
 * @module
 */
import type { RinConfig } from "../model/config.ts";
import { interfaceTokens } from "../model/example.ts";
import { selfConditionsInterface } from "../model/rin.ts";
import { expectFloats } from "./floats.ts";

/** The state that a pass leaves for the next one. */
export interface SelfConditioningState {
  /** Latents after the last block (B, M, Dz). */
  readonly latents: Float32Array<ArrayBuffer>;
  /** Interface after the last block (B, N, Dx), of networks that hand it on (`selfConditioning`). */
  readonly interface?: Float32Array<ArrayBuffer>;
}

/**
 * Checks that a state is one of `batch` examples of this network.
 *
 * @throws {RangeError} naming an array that is missing or has the wrong size
 */
export function expectState(config: RinConfig, batch: number, state: SelfConditioningState): void {
  expectFloats("previous.latents", state.latents, batch * config.numLatents * config.latentDim);
  if (!selfConditionsInterface(config)) return;
  if (state.interface === undefined) {
    throw new RangeError(
      `previous.interface is missing: this network passes on its ${config.selfConditioning}`,
    );
  }
  const size = interfaceTokens(config) * config.interfaceDim;
  expectFloats("previous.interface", state.interface, batch * size);
}
