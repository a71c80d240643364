/**
 * A training step's program on a device.
 *
 * @module
 */
import type { Device, Program } from "../device/device.ts";
import { DeviceLimitError } from "../device/errors.ts";
import type { RinConfig } from "../model/config.ts";
import type { ParameterLayout } from "../model/parameters.ts";
import type { TrainOptions } from "./options.ts";
import { recordStep, type StepPhase } from "./step_plan.ts";
import { type StepTensors, storagesOf, type TrainSlabs } from "./step_tensors.ts";
import { updateChunks } from "./update_plan.ts";

/** A compiled step, and what it reads and writes beside the slabs. */
export interface CompiledStep {
  readonly program: Program<StepPhase>;
  readonly tensors: StepTensors;
}

/**
 * Compiles a step. Where `checkpointBlocks` is "auto" and the device can't hold it, it is compiled
 * with gradient checkpointing.
 *
 * @throws {DeviceLimitError} when the device can't hold it; nothing of it is held then
 */
export async function compileStep(
  device: Device,
  config: RinConfig,
  options: TrainOptions,
  layout: ParameterLayout,
  slabs: TrainSlabs,
): Promise<CompiledStep> {
  const { plan, tensors } = recordStep(config, options, layout, slabs);
  try {
    const chunks = updateChunks(options, layout);
    if (chunks) device.write(tensors.chunks!, chunks);
    return { program: await device.compile(plan), tensors };
  } catch (error) {
    device.release(...storagesOf(tensors));
    if (options.checkpointBlocks !== "auto" || !(error instanceof DeviceLimitError)) throw error;
    return await compileStep(device, config, { ...options, checkpointBlocks: "on" }, layout, slabs);
  }
}
