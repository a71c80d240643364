/**
 * The times at which a sampler evaluates the network.
 *
 * @module
 */
import type { Schedule } from "./schedule.ts";

/** How times are spread over [0, 1]. */
export type TimeSpacing = "uniform" | "cosine" | "logsnr";

/** All spacings. */
export const TIME_SPACINGS = ["uniform", "cosine", "logsnr"] as const satisfies TimeSpacing[];

// The range of "logsnr", as Karras et al. 2022: sigma / alpha from 80 down to 0.002.
const HIGHEST_NOISE = 80;
const LOWEST_NOISE = 0.002;

/** The variable along which times are spread. */
export interface TimeSpread {
  readonly spacing: TimeSpacing;
  /** That of the network. */
  readonly schedule: Schedule;
  /** The time to begin at. Default 1. */
  readonly start?: number;
  /** The schedule along which time is spread, where it is another one. */
  readonly along?: Schedule;
}

/**
 * The times at shares of the way, which fall from `start` at 0 to 0 at 1.
 *
 * "uniform": start (1 - share). "cosine": start (1 + cos(pi share)) / 2, closer together at both ends.
 * "logsnr": even in log(gamma / (1 - gamma)) between sigma / alpha = 80 and 0.002, or the schedule's
 * own range where that is narrower; the first and last are `start` and 0.
 *
 * Along another schedule a time is that at which the network's own schedule has the gamma that the
 * other has at the time spread so.
 */
export function timeAlong(
  { spacing, schedule, start = 1, along }: TimeSpread,
): (share: number) => number {
  if (along) {
    const begin = start === 1 ? 1 : timeOf(along, schedule(start), 1);
    const other = timeAlong({ spacing, schedule: along, start: begin });
    return ends(start, (share) => timeOf(schedule, along(other(share)), start));
  }
  switch (spacing) {
    case "uniform":
      return ends(start, (share) => start * (1 - share));
    case "cosine":
      return ends(start, (share) => start * (1 + Math.cos(Math.PI * share)) / 2);
    case "logsnr": {
      const logSnr = (t: number) => Math.log(schedule(t) / (1 - schedule(t)));
      const limited = (value: number, from: number) =>
        Math.max(from, Math.min(value, -2 * Math.log(LOWEST_NOISE)));
      const low = limited(logSnr(start), -2 * Math.log(HIGHEST_NOISE));
      const high = limited(logSnr(0), low);
      return ends(start, (share) => timeOf(logSnr, low + (high - low) * share, start));
    }
  }
}

function ends(start: number, spread: (share: number) => number): (share: number) => number {
  return (share) => share <= 0 ? start : share >= 1 ? 0 : spread(share);
}

/** `intervals` + 1 times, evenly many shares of the way from `start` to 0. */
export function samplingTimes(intervals: number, spread: TimeSpread): number[] {
  const at = timeAlong(spread);
  return Array.from({ length: intervals + 1 }, (_, i) => at(i / intervals));
}

/**
 * The time at which a function that falls over [0, end] has a value: bisection to the last bit of
 * float64.
 */
function timeOf(falling: (t: number) => number, value: number, end: number): number {
  let [low, high] = [0, end];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (falling(middle) > value) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
