/**
 * The network's input for a noise level.
 *
 * @module
 */
import type { RinConfig } from "../model/config.ts";
import { timeRows } from "../model/time.ts";
import { parseSchedule } from "./schedule.ts";

/** The network's input at times (B): rows (B, timeWidth) of t, or of gamma(t). */
export function networkTime(
  config: RinConfig,
  times: ArrayLike<number>,
): Float32Array<ArrayBuffer> {
  if (config.timeInput === "t") return timeRows(config, times);
  return timeRows(config, Array.from(times, parseSchedule(config.schedule)));
}
