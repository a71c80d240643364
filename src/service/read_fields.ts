/**
 * Reads the values of a request by the table of its fields.
 *
 * @module
 */
import { HttpError } from "./answers.ts";
import { fits, needed, shown } from "../options/schema.ts";
import { suggestion } from "../options/nearest.ts";
import { fromBase64 } from "./base64.ts";
import type { Field } from "./fields.ts";

type Fields = Readonly<Record<string, Field>>;

/**
 * The values of all fields, defaults for those that aren't given.
 *
 * @throws {HttpError} 400, naming the field, the value found and the value needed
 */
export function readFields(
  fields: Fields,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(fields, key)) continue;
    const known = Object.keys(fields);
    const hint = suggestion(key, known) || `: known are ${known.join(", ")}`;
    throw new HttpError(400, `There is no field ${shown(key)}${hint}`);
  }
  return Object.fromEntries(
    Object.entries(fields).map(([key, { schema, isFile }]) => {
      const value = Object.hasOwn(given, key) ? given[key] : undefined;
      if (value === undefined) return [key, "default" in schema ? schema.default : undefined];
      if (isFile) return [key, fileOf(key, value)];
      if (value instanceof Uint8Array) {
        throw new HttpError(400, `${key} is a file: expected ${needed(schema)}`);
      }
      if (fits(schema, value)) return [key, value];
      throw new HttpError(400, `${key} is ${shown(value)}: expected ${needed(schema)}`);
    }),
  );
}

/** The bytes of a file: a form has them, JSON writes them as base64. */
function fileOf(key: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const text = typeof value === "string" ? value.replace(/^data:[^,]{0,200};base64,/, "") : "";
  const bytes = fromBase64(text);
  if (bytes) return bytes;
  throw new HttpError(
    400,
    `${key} is ${shown(value)}: expected a picture's file as base64 or as a data URL`,
  );
}

/**
 * Reads the values of a query or a form: numbers, booleans and lists of numbers as such where the
 * field takes no text, all else as text, so that a class called 01 stays that.
 *
 * @param pairs text by name, or a file's bytes
 * @throws {HttpError} 400 when a field is given twice
 */
export function textValues(
  fields: Fields,
  pairs: Iterable<readonly [name: string, value: string | Uint8Array]>,
): Record<string, unknown> {
  const values = new Map<string, unknown>();
  const times = new Map<string, number>();
  for (const [key, value] of pairs) {
    times.set(key, (times.get(key) ?? 0) + 1);
    values.set(key, value);
  }
  for (const [key, count] of times) {
    if (count > 1) throw new HttpError(400, `${shown(key)} is given ${count} times`);
    const value = values.get(key);
    if (typeof value !== "string" || !Object.hasOwn(fields, key)) continue;
    const { schema } = fields[key];
    values.set(key, [value, ...meanings(value)].find((meant) => fits(schema, meant)) ?? value);
  }
  return Object.fromEntries(values);
}

function meanings(text: string): unknown[] {
  if (text === "true" || text === "false") return [text === "true"];
  const numbers = text.split(",", MAX_NUMBERS);
  if (!numbers.every((number) => NUMBER.test(number))) return [];
  return numbers.length === 1 ? [Number(text)] : [numbers.map(Number)];
}

const NUMBER = /^-?\d{1,20}(\.\d{1,20})?(e-?\d{1,3})?$/i;

/** Numbers of a list that are looked at: no field takes as many. */
const MAX_NUMBERS = 1000;
