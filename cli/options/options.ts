/**
 * Flags of a command as data, and their parser.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { UsageError } from "../errors.ts";
import { flagOf } from "./flag_name.ts";
import { readSize } from "../../src/model/image_size.ts";
import { suggestion } from "../../src/options/nearest.ts";

/** A value that a flag can have. */
export type Value = string | number | boolean | readonly number[] | readonly string[];

/** One flag. */
export interface Option {
  /** The name in code and in config files, such as `batchSize`; the flag is `--batch-size`. */
  readonly key: string;
  readonly type:
    | "integer"
    | "integers"
    | "number"
    | "seed"
    /** Of pictures: one number of squares, or WIDTHxHEIGHT. */
    | "size"
    | "text"
    /** A text each time that the flag is given. */
    | "texts"
    | "boolean"
    | readonly string[];
  /** Placeholder of the value in the help, such as `N`, `DIR` or `FILE`. */
  readonly value?: string;
  readonly help: string;
  /** Shown in the help; the owner of the table applies it. */
  readonly default?: Value;
}

/** Values that a command was given. */
export interface Given {
  /** Flags by key; only those that were given. */
  readonly flags: Readonly<Record<string, Value>>;
  /** The other arguments. */
  readonly rest: readonly string[];
  /** Sentences on randomly drawn values. */
  readonly drawn: readonly string[];
}

/** Drawn seeds stay short enough to read out. */
const DRAWN_SEEDS = 1_000_000;

/**
 * Reads a command's arguments.
 *
 * @throws {UsageError} naming a flag that is unknown, lacks its value or has one of the wrong kind
 */
export function readArguments(args: readonly string[], options: readonly Option[]): Given {
  const names = new Map(options.map((option) => [flagOf(option.key).slice(2), option]));
  const isBoolean = ({ type }: Option) => type === "boolean";
  const select = (boolean: boolean) =>
    [...names].filter(([, option]) => isBoolean(option) === boolean).map(([name]) => name);
  let unknown: string | undefined;
  const { _: rest, ...parsed }: Record<string, unknown> & { _: (string | number)[] } = parseArgs(
    withNegatives(args, new Set(select(false))),
    {
      string: [...select(false), "_"],
      boolean: select(true),
      collect: [...names].filter(([, { type }]) => type === "texts").map(([name]) => name),
      unknown: (arg, key) => {
        if (key !== undefined) unknown ??= arg.split("=")[0];
        return true;
      },
    },
  );
  if (unknown !== undefined) {
    const known = [...names.keys(), "help"].map((name) => `--${name}`);
    throw new UsageError(`Unknown option ${unknown}${suggestion(unknown, known)}`);
  }
  const flags: Record<string, Value> = {};
  const drawn: string[] = [];
  const before = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  for (const [name, option] of names) {
    // parseArgs gives `false` for a missing boolean flag.
    const written = before.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
    if (!written) continue;
    flags[option.key] = readFlag(option, parsed[name]);
    if (option.type === "seed" && parsed[name] === "random") {
      drawn.push(`--${name} random drew ${flags[option.key]}`);
    }
  }
  return { flags, rest: rest.map(String), drawn };
}

/**
 * Joins a flag and a value that begins with a minus, which parseArgs would take for another flag.
 */
function withNegatives(args: readonly string[], names: ReadonlySet<string>): string[] {
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--") return [...joined, ...args.slice(i)];
    const takesValue = args[i].startsWith("--") && names.has(args[i].slice(2));
    if (takesValue && /^-[\d.]/.test(args[i + 1] ?? "")) joined.push(`${args[i]}=${args[++i]}`);
    else joined.push(args[i]);
  }
  return joined;
}

/** The flags that were given, and the defaults of the others. */
export function withDefaults(
  options: readonly Option[],
  flags: Readonly<Record<string, Value>>,
): Readonly<Record<string, Value>> {
  const defaults = options.filter((option) => option.default !== undefined);
  return {
    ...Object.fromEntries(defaults.map((option) => [option.key, option.default!])),
    ...flags,
  };
}

function readFlag(option: Option, value: unknown): Value {
  const flag = flagOf(option.key);
  if ([value].flat().includes("")) {
    throw new UsageError(`${flag} needs a value: ${flag} ${placeholder(option)}`);
  }
  return checkValue(option, parse(option, String(value), value), {
    name: flag,
    shown: String(value),
    complain: (sentence) => new UsageError(sentence),
  });
}

function parse({ type }: Option, text: string, value: unknown): unknown {
  if (type === "seed" && text === "random") return Math.floor(Math.random() * DRAWN_SEEDS);
  if (type === "integer" || type === "number" || type === "seed") return Number(text);
  if (type === "size") return readSize(text) ?? text;
  if (type !== "integers") return value;
  const numbers = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  return numbers.length === 1 ? numbers[0] : numbers;
}

/**
 * Checks that a value is of an option's kind.
 *
 * @throws the error that `complain` makes of a sentence with the value found and the value needed
 */
export function checkValue(
  { type }: Option,
  value: unknown,
  { name, shown, complain }: {
    name: string;
    shown: string;
    complain: (sentence: string) => Error;
  },
): Value {
  const wrong = (needed: string) => complain(`${name} is ${shown}: expected ${needed}`);
  if (typeof type !== "string") {
    if (!type.includes(value as string)) throw wrong(either(type));
  } else if (type === "integer") {
    if (!Number.isSafeInteger(value)) throw wrong("a whole number");
  } else if (type === "seed") {
    if (!(Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32)) {
      throw wrong("a whole number from 0 to 4294967295, or random");
    }
  } else if (type === "size") {
    if (readSize(value) === undefined) throw wrong("pixels, such as 64, or 64x96 (WIDTHxHEIGHT)");
  } else if (type === "integers") {
    const numbers = Array.isArray(value) ? value : [value];
    if (!numbers.every(Number.isSafeInteger)) throw wrong("whole numbers, such as 4 or 4,4,4,4");
  } else if (type === "number") {
    if (!Number.isFinite(value)) throw wrong("a number");
  } else if (type === "boolean") {
    if (typeof value !== "boolean") throw wrong("true or false");
  } else if (type === "texts") {
    if (!Array.isArray(value) || value.some((text) => typeof text !== "string")) {
      throw wrong("a list of texts");
    }
  } else if (typeof value !== "string" || value === "") {
    throw wrong("a text");
  }
  return value as Value;
}

/** `a, b or c`. */
function either(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

/** The placeholder of an option's value. */
export function placeholder({ type, value }: Option): string {
  if (value !== undefined) return value;
  if (typeof type !== "string") return type.join("|");
  const usual = {
    text: "TEXT",
    texts: "TEXT",
    boolean: "",
    seed: "N|random",
    size: "N|WxH",
    integer: "N",
    integers: "N",
  };
  return type === "number" ? "N" : usual[type];
}
