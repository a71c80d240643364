/**
 * Checks a program's options of `train` and `resumeTraining`, before anything starts.
 *
 * @module
 */
import { ConfigError } from "../model/config.ts";
import { suggestion } from "../options/nearest.ts";
import {
  checkOptions,
  checkValue,
  type OptionSchema,
  type OptionTable,
  shown,
} from "../options/schema.ts";
import type { Logger } from "./logger.ts";

const object: OptionSchema = { type: "Object" };
const text: OptionSchema = { type: "string" };
const flag: OptionSchema = { type: "boolean" };
const method: OptionSchema = { type: "Function" };

const CONTEXT: OptionTable = {
  device: { oneOf: [object, method] },
  data: object,
  signal: { type: "AbortSignal" },
  loggers: { type: "Array" },
  onEvent: method,
  peers: object,
};

/** The options of a process that joins a run. */
export const JOINED_RUN: OptionTable = CONTEXT;

const SETTINGS: OptionTable = {
  ...CONTEXT,
  training: object,
  run: object,
};

/** The options of a new run. */
export const NEW_RUN: OptionTable = {
  ...SETTINGS,
  out: text,
  force: flag,
  preset: text,
  init: { type: "Uint8Array" },
  network: object,
};

/** The options of a resumed run. */
export const RESUMED_RUN: OptionTable = { ...SETTINGS, folder: text, allowChangedData: flag };

const SET: OptionTable = {
  name: text,
  imageSize: { oneOf: [{ type: "integer", minimum: 1 }, { type: "string" }] },
  count: { type: "integer", minimum: 0 },
  read: method,
};

const LOGGER: Readonly<Record<keyof Logger, OptionSchema>> = {
  start: method,
  metrics: method,
  samples: method,
  sync: method,
  end: method,
};

/**
 * Checks the names and kinds of all that is given, and that nothing is missing that has no default.
 *
 * @param required the options that a call can't do without
 * @throws {ConfigError} naming the option, the value found and the value needed
 */
export function checkCall(
  table: OptionTable,
  options: object,
  required: readonly string[],
): void {
  checkOptions(table, options, "option", ConfigError);
  const { data, loggers = [], ...others } = options as Record<string, unknown>;
  for (const name of required) checkValue(table[name], name, others[name], ConfigError);
  if (data !== undefined) checkData(data as object);
  for (const [i, logger] of (loggers as unknown[]).entries()) checkLogger(`loggers[${i}]`, logger);
}

function checkData(data: object): void {
  const { train, valid } = data as Record<string, unknown>;
  // An image set has neither.
  const sets = train ?? valid;
  const named = sets === undefined ? { data } : { "data.train": train, "data.valid": valid };
  for (const [name, set] of Object.entries(named)) {
    checkValue(object, name, set, ConfigError);
    for (const [key, schema] of Object.entries(SET)) {
      checkValue(schema, `${name}.${key}`, (set as Record<string, unknown>)[key], ConfigError);
    }
  }
}

/** A logger can have more than a logger's methods, but no name that is nearly one of theirs. */
function checkLogger(name: string, given: unknown): void {
  checkValue(object, name, given, ConfigError);
  const logger = given as Record<string, unknown>;
  const known = Object.keys(LOGGER);
  const its = known.filter((key) => logger[key] !== undefined);
  for (const key of its) checkValue(method, `${name}.${key}`, logger[key], ConfigError);
  for (const key of Object.keys(logger)) {
    if (known.includes(key) || typeof logger[key] !== "function") continue;
    const hint = suggestion(key, known);
    if (hint) throw new ConfigError(`Unknown logger method ${shown(key)}${hint}`);
  }
  if (its.length === 0) {
    throw new ConfigError(
      `${name} is ${shown(given)}: expected one of the methods ${known.join(", ")}`,
    );
  }
}
