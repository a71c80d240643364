/**
 * What a picture was made with, as the JSON that it carries in its text chunk `rin`.
 *
 * @module
 */
import { pngText } from "./animated_png.ts";

/** Settings that decide what a picture shows, by key; `checkpoint`, `image` and `mask` as sha-256. */
export type SampleRecord = Readonly<
  Record<string, string | number | boolean | readonly number[]>
>;

const KEYWORD = "rin";

/** Settings that a record has, in their order; the others are where and how fast. */
export const RECORDED = [
  "count",
  "steps",
  "sampler",
  "times",
  "eta",
  "variance",
  "clip",
  "warmStart",
  "seed",
  "class",
  "guidance",
  "interpolate",
  "strength",
  "frames",
] as const;

/** The text of a PNG. */
export function recordText(record: SampleRecord): Record<string, string> {
  return { Software: "rin", [KEYWORD]: JSON.stringify(record) };
}

/**
 * The record of one picture of many: which of them it is, and its class where it has one. Pictures
 * that come after it change nothing about it, so it is the last of as many as it needs; but where
 * they lead from one seed to another, all count.
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
  try {
    const record: unknown = JSON.parse(pngText(png)?.[KEYWORD] ?? "null");
    const made = typeof (record as SampleRecord | null)?.checkpoint === "string";
    return made ? record as SampleRecord : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What is done to the estimate of x0, from how it is written: `on`, `off` or a share above 0 and up
 * to 1; undefined where it is none of these.
 */
export function clipOf(text: string): boolean | number | undefined {
  if (text === "on" || text === "off") return text === "on";
  const share = Number(text);
  return share > 0 && share <= 1 ? share : undefined;
}
