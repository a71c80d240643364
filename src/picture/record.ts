/**
 * A picture's settings, as the JSON in its text chunk `rin`.
 *
 * @module
 */
import { pngText } from "./png_text.ts";

/**
 * Settings that decide what a picture shows, by key; `checkpoint`, `image`, `mask` and `context` as
 * sha-256.
 */
export type SampleRecord = Readonly<
  Record<string, string | number | boolean | readonly number[]>
>;

const KEYWORD = "rin";

/** Settings that a record has, in their order; the others are where and how fast. */
const RECORDED = [
  "count",
  "steps",
  "sampler",
  "times",
  "sampleSchedule",
  "timeDifference",
  "eta",
  "variance",
  "clip",
  "warmStart",
  "selfCondDecay",
  "seed",
  "class",
  "guidance",
  "interpolate",
  "strength",
  "frames",
  "precision",
] as const;

/** The settings that a record has, in its order; those that are undefined are left out. */
export function recordedOf(settings: Readonly<Record<string, unknown>>): SampleRecord {
  const known = RECORDED.filter((key) => settings[key] !== undefined);
  return Object.fromEntries(known.map((key) => [key, settings[key]])) as SampleRecord;
}

/**
 * The text of a PNG.
 *
 * @param device the device's `provenance`. It is no setting: a picture is repeated on any device.
 */
export function recordText(
  record: SampleRecord,
  device: string | undefined,
): Record<string, string> {
  return { Software: "rin", [KEYWORD]: recordJson(record, device) };
}

/** The record as JSON, for files that have a place for one text. */
export function recordJson(record: SampleRecord, device: string | undefined): string {
  const json = JSON.stringify({ ...record, device });
  // A driver gives the adapter's name, and a PNG's text is Latin-1.
  return json.replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * The record of one picture of many: its index, and its class if it has one. Later pictures don't
 * affect it, so its record counts up to it only; but in an interpolation from one seed to another,
 * all count.
 */
export function recordOfOne(
  record: SampleRecord,
  index: number,
  label: number | undefined,
): SampleRecord {
  const count = record.interpolate === undefined ? index + 1 : record.count;
  return { ...record, count, ...label !== undefined && { label }, index };
}

/** The record that a whole PNG carries, if it does. */
export function recordIn(png: Uint8Array): SampleRecord | undefined {
  return recordFrom(pngText(png)?.[KEYWORD] ?? "{}");
}

/** Reads the record from {@linkcode recordJson}'s text; undefined for other text. */
export function recordFrom(json: string): SampleRecord | undefined {
  const { device: _, ...record } = parsed(json);
  return typeof record.checkpoint === "string" ? record as SampleRecord : undefined;
}

/** The device that computed the picture of a whole PNG, if the PNG records it. */
export function deviceIn(png: Uint8Array): string | undefined {
  const { device } = parsed(pngText(png)?.[KEYWORD] ?? "{}");
  return typeof device === "string" ? device : undefined;
}

function parsed(json: string): Record<string, unknown> {
  try {
    return { ...JSON.parse(json) };
  } catch {
    return {};
  }
}

/**
 * Reads the clipping of the estimate of x0: `on`, `off` or a share above 0 and up to 1; undefined
 * for other text.
 */
export function clipOf(text: string): boolean | number | undefined {
  if (text === "on" || text === "off") return text === "on";
  const share = Number(text);
  return share > 0 && share <= 1 ? share : undefined;
}
