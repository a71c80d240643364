/**
 * A network that begins from another one's weights.
 *
 * @module
 */
import type { Checkpoint } from "./checkpoint.ts";
import { ConfigError, type RinConfig } from "./config.ts";
import { tokenGrid } from "./example.ts";
import { initialize } from "./initialize.ts";
import { parameterLayout } from "./parameters.ts";

/** Tensors that follow from the number of classes and were not taken over. */
export interface Begun {
  /** Tensors that begin as a fresh network's do. */
  readonly anew: readonly string[];
  /** Tensors that the new network has no place for. */
  readonly leftOut: readonly string[];
}

/** Tensors with shapes that follow from the number of classes. */
const OF_CLASSES = /^class_conditioner\./;

/** Fields that change the meaning of weights, but not their shapes. */
const MEANINGS = [
  "layers",
  "numHeads",
  "readWriteHeads",
  "timeConditioning",
  "timeInput",
  "selfConditioning",
  "positions",
] as const;

/**
 * The weights of a checkpoint, of the moving average where it has one, laid out for a network that
 * can have other classes.
 *
 * @param config the new network
 * @param seed of the tensors that start fresh, u32
 * @throws {ConfigError} when the networks differ in more than their classes
 */
export function beginFrom(
  checkpoint: Checkpoint,
  config: RinConfig,
  seed: number,
): Begun & { readonly parameters: Float32Array<ArrayBuffer> } {
  const { config: old, slabs } = checkpoint;
  for (const key of MEANINGS) {
    if (old[key] !== config[key]) throw differing(key, String(old[key]), String(config[key]));
  }
  const source = slabs.ema ?? slabs.parameters;
  const layout = parameterLayout(config);
  const parameters = initialize(layout, seed);
  const given = new Map(parameterLayout(old).parameters.map((spec) => [spec.name, spec]));
  const anew: string[] = [];
  for (const { name, shape, offset } of layout.parameters) {
    const found = given.get(name);
    given.delete(name);
    if (found && found.shape.join() === shape.join()) {
      parameters.set(source.subarray(found.offset, found.offset + found.size), offset);
    } else if (OF_CLASSES.test(name)) anew.push(name);
    else throw differing(`tensor ${name}`, shown(found?.shape), shown(shape));
  }
  const leftOut = [...given.keys()];
  const lost = leftOut.find((name) => !OF_CLASSES.test(name));
  if (lost !== undefined) throw differing(`tensor ${lost}`, shown(given.get(lost)!.shape), shown());
  // As many positions can be those of another grid.
  const [before, now] = [old, config].map((one) => tokenGrid(one).join(" x "));
  if (config.positions === "learned" && before !== now) {
    throw differing("the grid of learned positions", before, now);
  }
  return { parameters, anew, leftOut };
}

const shown = (shape?: readonly number[]) => shape ? `(${shape.join(", ")})` : "absent";

function differing(what: string, before: string, now: string): ConfigError {
  return new ConfigError(
    `the network to train differs from the one to begin from: ${what} is ${before} there, and ` +
      `${now} here; of the weights only those of classes can change, so leave out the network's sizes`,
  );
}
