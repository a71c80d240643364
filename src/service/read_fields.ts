/**
 * Reads the values of a request by the table of its fields.
 *
 * @module
 */
import { HttpError } from "./answers.ts";
import { fits, needed, shown } from "../options/schema.ts";
import { suggestion } from "../options/nearest.ts";
import type { Field } from "./fields.ts";

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
    const known = Object.keys(fields);
    const hint = suggestion(key, known) || `: known are ${known.join(", ")}`;
    throw new HttpError(400, `There is no field ${shown(key)}${hint}`);
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
 * What a query says: numbers and booleans as such where the field takes no text, all else as text,
 * so that a class called 01 stays that.
 *
 * @throws {HttpError} 400 when a field is given twice
 */
export function queryValues(fields: Fields, query: URLSearchParams): Record<string, unknown> {
  const values: [string, unknown][] = [];
  for (const key of new Set(query.keys())) {
    const texts = query.getAll(key);
    if (texts.length > 1) throw new HttpError(400, `${shown(key)} is given ${texts.length} times`);
    const schema = Object.hasOwn(fields, key) ? fields[key].schema : undefined;
    const meant = schema && [texts[0], ...meanings(texts[0])].find((value) => fits(schema, value));
    values.push([key, meant ?? texts[0]]);
  }
  return Object.fromEntries(values);
}

function meanings(text: string): unknown[] {
  const isNumber = /^-?\d{1,20}(\.\d{1,20})?(e-?\d{1,3})?$/i.test(text);
  return isNumber ? [Number(text)] : text === "true" ? [true] : text === "false" ? [false] : [];
}
