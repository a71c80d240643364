/**
 * The flags by which commands are told of a network.
 *
 * @module
 */
import type { RinConfig } from "../../src/model/config.ts";
import { UsageError } from "../errors.ts";
import type { Option, Value } from "./options.ts";
import { only, readConfigFile } from "./resolve.ts";

/** Which checkpoint. */
export const CHECKPOINT_OPTION: Option = {
  key: "checkpoint",
  type: "text",
  value: "FILE",
  help: "a .safetensors file, or a run folder (its last.safetensors)",
};

/** What a checkpoint doesn't say of its network. */
export const CONFIG_OPTION: Option = {
  key: "config",
  type: "text",
  value: "FILE",
  help: "JSON file with the network's fields, for a checkpoint that lacks them",
};

/** @throws {UsageError} when no checkpoint is given */
export function givenCheckpoint(checkpoint: Value | undefined): string {
  if (checkpoint !== undefined) return String(checkpoint);
  throw new UsageError("--checkpoint is missing: give a .safetensors file or a run folder");
}

/** The network's fields in the file that is given, if one is. */
export async function givenConfig(
  config: Value | undefined,
): Promise<Partial<RinConfig> | undefined> {
  if (config === undefined) return undefined;
  return only("network", await readConfigFile(String(config))) as Partial<RinConfig>;
}
