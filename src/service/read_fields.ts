/**
 * Reads the values of a request by the table of its fields.
 *
 * @module
 */
import { HttpError } from "./answers.ts";
import type { Field, Schema } from "./fields.ts";

type Fields = Readonly<Record<string, Field>>;

/**
 * The values of all fields, defaults for those that aren't given.
 *
 * @throws {HttpError} 400, naming the field, what was found and what is needed
 */
export function readFields(
  fields: Fields,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(fields, key)) continue;
    throw new HttpError(
      400,
      `There is no field ${shown(key)}: known are ${Object.keys(fields).join(", ")}`,
    );
  }
  return Object.fromEntries(
    Object.entries(fields).map(([key, { schema }]) => {
      const value = Object.hasOwn(given, key) ? given[key] : undefined;
      if (value === undefined) return [key, schema.default];
      if (fits(schema, value)) return [key, value];
      throw new HttpError(400, `${key} is ${shown(value)}: needed ${needed(schema)}`);
    }),
  );
}

/**
 * What a query says: numbers and booleans as such where the field takes them, all else as text.
 *
 * @throws {HttpError} 400 when a field is given twice
 */
export function queryValues(fields: Fields, query: URLSearchParams): Record<string, unknown> {
  const values: [string, unknown][] = [];
  for (const key of new Set(query.keys())) {
    const texts = query.getAll(key);
    if (texts.length > 1) throw new HttpError(400, `${shown(key)} is given ${texts.length} times`);
    const schema = Object.hasOwn(fields, key) ? fields[key].schema : undefined;
    const meant = schema && meanings(texts[0]).find((value) => fits(schema, value));
    values.push([key, meant ?? texts[0]]);
  }
  return Object.fromEntries(values);
}

function meanings(text: string): unknown[] {
  const isNumber = /^-?\d{1,20}(\.\d{1,20})?(e-?\d{1,3})?$/i.test(text);
  return isNumber ? [Number(text)] : text === "true" ? [true] : text === "false" ? [false] : [];
}

function fits(schema: Schema, value: unknown): boolean {
  if ("oneOf" in schema) return schema.oneOf.some((one) => fits(one, value));
  if ("enum" in schema && schema.enum) return schema.enum.some((name) => name === value);
  switch (schema.type) {
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string" && value.length <= schema.maxLength;
    case "array":
      return Array.isArray(value) && value.length > 0 &&
        value.every((item) => fits(schema.items, item));
    default: {
      const { type, minimum = -Infinity, exclusiveMinimum = -Infinity, maximum } = schema;
      return typeof value === "number" && (type === "number" || Number.isInteger(value)) &&
        value >= minimum && value > exclusiveMinimum && value <= maximum;
    }
  }
}

function needed(schema: Schema): string {
  if ("oneOf" in schema) return schema.oneOf.map(needed).join(", or ");
  if ("enum" in schema && schema.enum) {
    return schema.enum.map((name) => `"${name}"`).join(", ").replace(/, (?=[^,]*$)/, " or ");
  }
  switch (schema.type) {
    case "boolean":
      return "true or false";
    case "string":
      return `a name of at most ${schema.maxLength} characters`;
    case "array":
      return "a list of these";
    default: {
      const { type, minimum, exclusiveMinimum, maximum } = schema;
      const kind = type === "integer" ? "a whole number" : "a number";
      return exclusiveMinimum === undefined
        ? `${kind} from ${minimum} to ${maximum}`
        : `${kind} above ${exclusiveMinimum} and up to ${maximum}`;
    }
  }
}

/** A value as it was given, not at any length. */
export function shown(value: unknown): string {
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
