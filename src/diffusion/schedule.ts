/**
 * Gamma schedules: gamma(t) for t in [0, 1], the share of the signal's variance; 1 at t = 0.
 *
 * @module
 */
import { ConfigError } from "../model/config.ts";

/** gamma(t), clipped to [1e-9, 1]. */
export type Schedule = (t: number) => number;

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const plain: Record<string, Schedule> = {
  linear: (t) => 1 - t,
  cosine: (t) => Math.cos(Math.PI * t / 2) ** 2,
  sigmoid: (t) => sigmoid(-5 + 10 * (1 - t)),
  // DDPM's betas from 1e-4 to 0.02 in 1,000 steps, in continuous time (Song et al. 2021, equation 33).
  "linear-beta": (t) => Math.exp(-0.1 * t - 9.95 * t ** 2),
};

// Chen 2023 (arXiv 2301.10972), algorithm 1, in the order start, end, tau.
const family: Record<string, (...numbers: number[]) => Schedule> = {
  sigmoid: (start, end, tau) => {
    const [low, high] = [sigmoid(start / tau), sigmoid(end / tau)];
    return (t) => (high - sigmoid((t * (end - start) + start) / tau)) / (high - low);
  },
  cosine: (start, end, tau) => {
    const at = (t: number) => Math.cos((t * (end - start) + start) * Math.PI / 2) ** (2 * tau);
    const [low, high] = [at(0), at(1)];
    return (t) => (high - at(t)) / (high - low);
  },
  log: (start, end) => {
    const high = Math.log(end);
    return (t) => (high - Math.log(t * (end - start) + start)) / (high - Math.log(start));
  },
};

/**
 * The schedule of a name: "linear" (1 - t), "cosine" (cos^2(pi t / 2)), "sigmoid"
 * (sigmoid(-5 + 10 (1 - t))), "sigmoid(start,end,tau)" or "cosine(start,end,tau)" (Chen 2023),
 * "log(start,end)" (of google-research/pix2seq; with the larger number first it bends the other way),
 * "linear-beta" (Ho et al. 2020). "cosine(0.0079365,1,1)" is Nichol & Dhariwal's with s = 0.008.
 *
 * @throws {ConfigError} when there is no such schedule
 */
export function parseSchedule(name: string): Schedule {
  const clipped = (schedule: Schedule): Schedule => (t) => Math.min(1, Math.max(1e-9, schedule(t)));
  if (Object.hasOwn(plain, name)) return clipped(plain[name]);
  const [, kind, list] = /^(\w+)\(([^)]*)\)$/.exec(name) ?? [];
  const numbers = list?.split(",").map(Number) ?? [];
  if (
    kind && Object.hasOwn(family, kind) && numbers.length === (kind === "log" ? 2 : 3) &&
    numbers.every(Number.isFinite)
  ) {
    const schedule = family[kind](...numbers);
    if (!(numbers[2] <= 0) && Number.isFinite(schedule(0.5))) return clipped(schedule);
  }
  throw new ConfigError(
    `Unknown schedule "${name}": use linear, cosine, sigmoid, linear-beta, ` +
      `sigmoid(start,end,tau), cosine(start,end,tau) or log(start,end), ` +
      `for example sigmoid(-3,3,0.9)`,
  );
}
