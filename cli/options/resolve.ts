/**
 * From preset, config file and flags to the settings of a run.
 *
 * @module
 */
import { fileReason } from "../../src/files/errors.ts";
import { readText } from "../../src/files/read_text.ts";
import { ConfigError, type RinConfig } from "../../src/model/config.ts";
import type { RunOptions } from "../../src/run/options.ts";
import { PRESETS } from "../../src/run/presets.ts";
import {
  completeSettings,
  DEFAULT_SETTINGS,
  flatten,
  type PartialSettings,
  type Settings,
} from "../../src/run/settings.ts";
import type { TrainOptions } from "../../src/train/options.ts";
import { CommandError, UsageError } from "../errors.ts";
import { FIELDS } from "./fields.ts";
import { flagOf } from "./flag_name.ts";
import { suggestion } from "../../src/options/nearest.ts";
import { checkValue, type Option, type Value } from "./options.ts";

/** Fields by key, of any section. */
export type Fields = Readonly<Record<string, Value>>;

const all: readonly Option[] = [...FIELDS.network, ...FIELDS.training, ...FIELDS.run];

/** The fields of one section. */
export function only(section: keyof typeof FIELDS, fields: Fields): Fields {
  const keys = new Set<string>(FIELDS[section].map(({ key }) => key));
  return Object.fromEntries(Object.entries(fields).filter(([key]) => keys.has(key)));
}

/**
 * Settings of a new run: flags win over the config file, that over the preset.
 *
 * @param preset the preset's name; undefined where none was given
 * @param file the result of {@linkcode readConfigFile}
 * @param flags fields given on the command line
 * @throws {ConfigError} when a value is out of range or the sizes don't fit together
 */
export function resolveSettings(
  preset: string | undefined,
  file: Fields,
  flags: Fields,
): { preset: string; settings: Settings } {
  const name = preset ?? (file.preset === undefined ? "faces" : String(file.preset));
  if (!Object.hasOwn(PRESETS, name)) {
    const known = Object.keys(PRESETS);
    throw new UsageError(
      `There is no preset "${name}"${suggestion(name, known) || `: known are ${known.join(", ")}`}`,
    );
  }
  const { network, training, run } = PRESETS[name];
  const base = { ...network, ...training, ...run } as Fields;
  return { preset: name, settings: completeFields({ ...base, ...file, ...flags }) };
}

/** Fills in the defaults of all sections, and checks the values. */
export function completeFields(fields: Fields): Settings {
  return withFlagNames(() => completeSettings(sectionsOf(fields)));
}

/** Fields by section. */
export function sectionsOf(fields: Fields): PartialSettings {
  return {
    network: only("network", fields) as Partial<RinConfig>,
    training: only("training", fields) as Partial<TrainOptions>,
    run: only("run", fields) as Partial<RunOptions>,
  };
}

function withFlagNames<T>(build: () => T): T {
  try {
    return build();
  } catch (thrown) {
    throw inFlags(thrown);
  }
}

/** The library's errors name fields; at the command line they are flags. */
export function inFlags(thrown: unknown): unknown {
  if (!(thrown instanceof ConfigError)) return thrown;
  const message = all.reduce((text, { key }) => {
    // A field of one word can be a plain word elsewhere in the sentence.
    const pattern = /[A-Z]/.test(key) ? new RegExp(`\\b${key}\\b`, "g") : new RegExp(`^${key}\\b`);
    return text.replace(pattern, flagOf(key));
  }, thrown.message);
  return new ConfigError(message);
}

/**
 * Reads a config file: a JSON object of fields, such as a run's own `config.json`.
 *
 * @throws {CommandError} when it can't be read, or a field is unknown or of the wrong kind
 */
export async function readConfigFile(path: string): Promise<Fields> {
  const fail = (what: string) => new CommandError(`Cannot use config file ${path}: ${what}`);
  let text: string;
  try {
    text = await readText(path);
  } catch (thrown) {
    throw fail(fileReason(thrown));
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    throw fail(`it is not valid JSON (${(thrown as Error).message})`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw fail('it must be a JSON object of fields, such as {"imageSize": 32}');
  }
  const known = [...all.map(({ key }) => key), "preset"];
  for (const [key, value] of Object.entries(parsed)) {
    if (!known.includes(key)) {
      throw fail(`it has an unknown field "${key}"${suggestion(key, known)}`);
    }
    const option = all.find((field) => field.key === key) ??
      { key, type: Object.keys(PRESETS), help: "" };
    checkValue(option, value, { name: `"${key}"`, shown: JSON.stringify(value), complain: fail });
  }
  return parsed as Fields;
}

/** The default of a field, if it has one. */
export function defaultOf(key: string): Value | undefined {
  return flatten(DEFAULT_SETTINGS)[key] as Value | undefined;
}
