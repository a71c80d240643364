/**
 * Networks of google-research/pix2seq as checkpoints.
 *
 * @module
 */
import { completeConfig, ConfigError, type RinConfig } from "../config.ts";
import { expectFinite } from "../finite.ts";
import { parameterLayout } from "../parameters.ts";
import type { ImportedCheckpoint } from "../pytorch/import.ts";
import { CheckpointError, type NamedArray } from "../safetensors.ts";
import { inferConfig } from "./infer_config.ts";
import { variablesOf, walk } from "./variables.ts";

/** A variable that every one of its networks has. */
const LANDMARK = "tape/stem/kernel";

/** A name without the output's number that TensorFlow ends it in. */
const plain = (name: string) => name.replace(/:0$/, "");

/** Whether these are names of such a network's variables. */
export function isPix2seq(names: Iterable<string>): boolean {
  return [...names].some((name) => plain(name).endsWith(LANDMARK));
}

/**
 * Takes a network from its variables, whose names can begin with a prefix of their own, such as
 * that of the moving average. Sizes follow from the shapes, heads too. It predicts the noise unless
 * `given` says otherwise, on the schedule "linear", which matters for training and for samplers:
 * the network's input is gamma.
 *
 * @param weights the prefix of the variables to take, where there are several networks
 * @throws {CheckpointError} when there are several networks, or variables are missing, unknown, of
 * another shape, or not finite
 * @throws {ConfigError} when the sizes make no sense
 */
export function importPix2seq(
  tensors: ReadonlyMap<string, NamedArray>,
  given: Partial<RinConfig> = {},
  weights?: string,
): ImportedCheckpoint {
  const names = [...tensors.keys()];
  const prefixes = names.flatMap((name) =>
    plain(name).endsWith(LANDMARK) ? [plain(name).slice(0, -LANDMARK.length)] : []
  );
  const shown = (prefix: string) => `${prefix}tape`;
  const known = prefixes.map(shown).join(", ");
  const prefix = weights === undefined
    ? prefixes.length === 1 ? prefixes[0] : undefined
    : prefixes.find((prefix) => shown(prefix) === weights);
  if (prefix === undefined) {
    throw new CheckpointError(
      weights === undefined
        ? `it has the weights of several networks, ${known}: choose one by its name`
        : `it has no weights ${weights}: there are ${known}`,
    );
  }
  const own = new Map(
    [...tensors].filter(([name]) => name.startsWith(`${prefix}tape/`)).map(([name, tensor]) =>
      [plain(name).slice(prefix.length), tensor] as const
    ),
  );
  const sizes = { ...inferConfig(own), ...given };
  if (sizes.imageSize === undefined) {
    throw new ConfigError(
      "imageSize is not known, for fixed positions have no variable whose shape tells it: give it in " +
        "a config",
    );
  }
  const config = completeConfig({
    ...{ layers: "paper", timeConditioning: "token", timeInput: "gamma" },
    ...{ prediction: "eps", schedule: "linear" },
    ...sizes,
  });
  return {
    config,
    slabs: { parameters: slabOf(own, config) },
    taken: { parameters: shown(prefix) },
    ignored: tensors.size - own.size,
    about: { source: "imported from pix2seq" },
  };
}

function slabOf(
  tensors: ReadonlyMap<string, NamedArray>,
  config: RinConfig,
): Float32Array<ArrayBuffer> {
  const variables = variablesOf(config);
  const known = new Set(variables.map(({ name }) => name));
  const extra = [...tensors.keys()].find((name) => !known.has(name));
  if (extra !== undefined) {
    throw new CheckpointError(
      `it has a variable ${extra} that the paper's networks lack: options of pix2seq that the ` +
        "released configs don't use are not here",
    );
  }
  const slab = new Float32Array(parameterLayout(config).size);
  for (const variable of variables) {
    const { name, shape } = variable;
    const found = tensors.get(name);
    if (found === undefined) throw new CheckpointError(`it lacks the variable ${name}`);
    if (found.shape.join() !== shape.join()) {
      throw new CheckpointError(
        `its variable ${name} has shape (${found.shape.join(", ")}), its other sizes need (${
          shape.join(", ")
        })`,
      );
    }
    const { data } = found;
    expectFinite(name, data);
    walk(variable, (to, from) => slab[to] = data[from]);
  }
  return slab;
}
