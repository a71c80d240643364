/**
 * Which values an option takes: library, command line, service and page read tables of these.
 *
 * @module
 */
import { suggestion } from "./nearest.ts";

/** Which values a field of a request takes, as OpenAPI writes it. */
export type Schema =
  & { readonly default?: unknown }
  & (
    | {
      readonly type: "integer" | "number";
      readonly minimum?: number;
      readonly exclusiveMinimum?: number;
      readonly maximum?: number;
    }
    | { readonly type: "boolean" }
    | { readonly enum: readonly string[] }
    | { readonly type: "string"; readonly maxLength?: number; readonly enum?: undefined }
    | { readonly type: "array"; readonly items: Schema }
    | { readonly oneOf: readonly Schema[] }
  );

/** The same of an option of the library, which also takes values that no request can hold. */
export type OptionSchema =
  | Schema
  /** A list or typed array of numbers. */
  | { readonly type: "numbers"; readonly items: Schema; readonly length?: number }
  | { readonly oneOf: readonly OptionSchema[] }
  | { readonly type: HostType };

/** The tag of a value other than a number, text, or list. */
type HostType =
  | "AbortSignal"
  | "Array"
  | "Float32Array"
  | "Function"
  | "Map"
  | "Object"
  | "Uint8Array"
  | "WebAssembly.Module";

/** Options by name. */
export type OptionTable = Readonly<Record<string, OptionSchema>>;

/** Whether the schema takes a value. */
export function fits(schema: OptionSchema, value: unknown): boolean {
  if ("oneOf" in schema) return schema.oneOf.some((one) => fits(one, value));
  if ("enum" in schema && schema.enum) return schema.enum.some((name) => name === value);
  switch (schema.type) {
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string" && value.length <= (schema.maxLength ?? Infinity);
    case "array":
      return Array.isArray(value) && value.length > 0 &&
        value.every((item) => fits(schema.items, item));
    case "numbers": {
      const { items, length } = schema;
      return isList(value) && (length === undefined || value.length === length) &&
        Array.from(value).every((item) => fits(items, item));
    }
    case "integer":
    case "number": {
      const { type, minimum = -Infinity, exclusiveMinimum = -Infinity, maximum = Infinity } =
        schema;
      return Number.isFinite(value) && (type === "number" || Number.isSafeInteger(value)) &&
        value as number >= minimum && value as number > exclusiveMinimum &&
        value as number <= maximum;
    }
    default:
      // A function can be an AsyncFunction.
      return tagOf(value).endsWith(schema.type);
  }
}

/** The values that a schema takes, in words. */
export function needed(schema: OptionSchema): string {
  if ("oneOf" in schema) return schema.oneOf.map(needed).join(", or ");
  if ("enum" in schema && schema.enum) {
    return schema.enum.map((name) => `"${name}"`).join(", ").replace(/, (?=[^,]*$)/, " or ");
  }
  switch (schema.type) {
    case "boolean":
      return "true or false";
    case "string":
      return schema.maxLength ? `a name of at most ${schema.maxLength} characters` : "a text";
    case "array":
      return "a list of these";
    case "numbers":
      return `a list of ${schema.length ?? "numbers"}, each ${needed(schema.items)}`;
    case "integer":
    case "number": {
      const { type, minimum, exclusiveMinimum, maximum } = schema;
      const kind = type === "integer" ? "a whole number" : "a number";
      if (maximum === undefined) {
        return minimum === undefined ? kind : `${kind} of ${minimum} or more`;
      }
      return exclusiveMinimum === undefined
        ? `${kind} from ${minimum} to ${maximum}`
        : `${kind} above ${exclusiveMinimum} and up to ${maximum}`;
    }
    case "Object":
      return "an object";
    default:
      return `a value of ${schema.type}`;
  }
}

/** A value as it was given, not at any length. */
export function shown(value: unknown): string {
  const tag = tagOf(value);
  const text = /^(String|Object|Array)$/.test(tag)
    ? JSON.stringify(value)
    : Object(value) === value
    ? `a value of ${tag}`
    : String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

/** The class of the error that is thrown where options can't be. */
export type Failure = new (sentence: string) => Error;

/** Checks that options are an object. */
export function checkObject(options: unknown, what: string, Failure: Failure = RangeError): void {
  if (tagOf(options) !== "Object") {
    throw new Failure(`The ${what}s are ${shown(options)}: expected an object`);
  }
}

/**
 * Checks that options are an object of known names; undefined means an option left out.
 *
 * @param the name of such an option, in singular, such as "sampling option"
 */
export function checkNames(
  options: unknown,
  known: readonly string[],
  what: string,
  Failure: Failure = RangeError,
): void {
  checkObject(options, what, Failure);
  for (const [name, value] of Object.entries(options as object)) {
    if (value === undefined || known.includes(name)) continue;
    const hint = suggestion(name, known) || `: known are ${known.join(", ")}`;
    throw new Failure(`Unknown ${what} ${shown(name)}${hint}`);
  }
}

/**
 * Checks the names and values of options by their table.
 *
 * @param what as in {@linkcode checkNames}
 * @returns those that were given
 */
export function checkOptions<T extends object>(
  table: OptionTable,
  options: T,
  what: string,
  Failure?: Failure,
): T {
  checkNames(options, Object.keys(table), what, Failure);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) checkValue(table[name], name, value, Failure);
  return Object.fromEntries(given) as T;
}

/** Checks that a value is one that its schema takes. */
export function checkValue(
  schema: OptionSchema,
  name: string,
  value: unknown,
  Failure: Failure = RangeError,
): void {
  if (!fits(schema, value)) {
    throw new Failure(`${name} is ${shown(value)}: expected ${needed(schema)}`);
  }
}

/** The defaults of a table's options, of those that have one. */
export function defaultsOf(table: OptionTable): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, schema]) =>
      "default" in schema ? [[name, schema.default]] : []
    ),
  );
}

/** The tag of a value, also where another realm (a frame, a worker) has made it. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return /Array$/.test(tagOf(value));
}
