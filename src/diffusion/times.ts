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

// What "logsnr" spreads over, as Karras et al. 2022: sigma / alpha from 80 down to 0.002.
const HIGHEST_NOISE = 80;
const LOWEST_NOISE = 0.002;

/**
 * `intervals` + 1 times that fall from `start` to 0.
 *
 * "uniform": start (1 - i / intervals). "cosine": start (1 + cos(pi i / intervals)) / 2, closer
 * together at both ends. "logsnr": even in log(gamma / (1 - gamma)) between sigma / alpha = 80 and
 * 0.002, or the schedule's own range where that is narrower; the first and last are `start` and 0.
 */
export function samplingTimes(
  spacing: TimeSpacing,
  intervals: number,
  schedule: Schedule,
  start = 1,
): number[] {
  const at = (spread: (share: number) => number) =>
    Array.from(
      { length: intervals + 1 },
      (_, i) => i === 0 ? start : i === intervals ? 0 : spread(i / intervals),
    );
  switch (spacing) {
    case "uniform":
      return at((share) => start * (1 - share));
    case "cosine":
      return at((share) => start * (1 + Math.cos(Math.PI * share)) / 2);
    case "logsnr": {
      const logSnr = (t: number) => Math.log(schedule(t) / (1 - schedule(t)));
      const limited = (value: number, from: number) =>
        Math.max(from, Math.min(value, -2 * Math.log(LOWEST_NOISE)));
      const low = limited(logSnr(start), -2 * Math.log(HIGHEST_NOISE));
      const high = limited(logSnr(0), low);
      return at((share) => timeOf(logSnr, low + (high - low) * share, start));
    }
  }
}

/** Where a function that falls over [0, end] has a value: halving until float64 has no more bits. */
function timeOf(falling: (t: number) => number, value: number, end: number): number {
  let [low, high] = [0, end];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (falling(middle) > value) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
