/**
 * The flags that name a network.
 *
 * @module
 */
import type { RinConfig } from "../../src/model/config.ts";
import { UsageError } from "../errors.ts";
import type { Given, Option, Value } from "./options.ts";
import { only, readConfigFile } from "./resolve.ts";

/** Which checkpoint. */
export const CHECKPOINT_OPTION: Option = {
  key: "checkpoint",
  type: "text",
  value: "FILE",
  help:
    "a .safetensors file, or a run folder (its last.safetensors); the flag's name can be left out",
};

/** Config fields that a checkpoint doesn't hold. */
export const CONFIG_OPTION: Option = {
  key: "config",
  type: "text",
  value: "FILE",
  help: "JSON file with the network's fields, for a checkpoint that lacks them",
};

/**
 * The checkpoint that a command is given, with the flag or without: every command takes both.
 *
 * @returns undefined when none is given
 * @throws {UsageError} when there is more than one
 */
export function checkpointIn({ flags, rest }: Pick<Given, "flags" | "rest">): string | undefined {
  const given = [...flags.checkpoint === undefined ? [] : [String(flags.checkpoint)], ...rest];
  if (given.length <= 1) return given[0];
  throw new UsageError(`One checkpoint at a time, please: got ${given.join(" and ")}`);
}

/** @throws {UsageError} when no checkpoint is given, or more than one */
export function givenCheckpoint(given: Pick<Given, "flags" | "rest">): string {
  const checkpoint = checkpointIn(given);
  if (checkpoint !== undefined) return checkpoint;
  throw new UsageError("Which checkpoint? Give a .safetensors file or a run folder");
}

/** The network's fields in the file that is given, if one is. */
export async function givenConfig(
  config: Value | undefined,
): Promise<Partial<RinConfig> | undefined> {
  if (config === undefined) return undefined;
  return only("network", await readConfigFile(String(config))) as Partial<RinConfig>;
}
